import { describe, expect, it } from 'vitest';
import { handlersWith } from '../protocol/support.js';
import { deferred, post, serverWith } from './support.js';

const ORIGIN = 'https://app.example';
const FOREIGN = ['https://evil.example', 'null', `${ORIGIN}.evil`, 'http://app.example'];

describe('a page of another origin', () => {
  it('may ask and read when it is in the list', async () => {
    const app = serverWith({ corsOrigins: [ORIGIN] });
    const asked = await app.inject({
      method: 'OPTIONS',
      url: '/',
      headers: {
        origin: ORIGIN,
        'access-control-request-headers': 'x-amz-target,authorization',
        'access-control-request-method': 'POST',
      },
    });
    expect([asked.statusCode, asked.body]).toEqual([200, '']);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-headers': 'x-amz-target,authorization',
      'access-control-allow-methods': 'POST',
      'access-control-max-age': '172800',
      vary: 'Origin',
    });
    const read = await post(app, 'ListCollections', '{}', { origin: ORIGIN });
    expect(read.statusCode).toBe(200);
    expect(read.headers).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers':
        'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date',
    });
  });

  it('may read what is refused before the protocol sees it', async () => {
    const limits = { bodyBytes: 100 };
    const app = serverWith({ corsOrigins: [ORIGIN], limits });
    const headers = { origin: ORIGIN };
    const large = await post(app, 'ListFaces', ' '.repeat(101), headers);
    expect([large.statusCode, large.headers['access-control-allow-origin']]).toEqual([413, ORIGIN]);

    const [running, held] = [deferred(), deferred()];
    const handlers = handlersWith({
      ListUsers: async () => {
        running.resolve();
        await held.promise;
        return {};
      },
    });
    const full = serverWith(
      { corsOrigins: [ORIGIN], limits: { bodiesInFlightBytes: 30 } },
      { handlers },
    );
    const first = post(full, 'ListUsers');
    await running.promise;
    const refused = await post(full, 'ListFaces', '{"CollectionId":"c"}', headers);
    held.resolve();
    await first;
    expect(refused.json()).toMatchObject({ __type: 'ThrottlingException' });
    expect(refused.headers['access-control-allow-origin']).toBe(ORIGIN);
  });

  it.each(FOREIGN)('may not when it is not in the list: %s', async (origin) => {
    const app = serverWith({ corsOrigins: [ORIGIN] });
    const asked = await app.inject({ method: 'OPTIONS', url: '/', headers: { origin } });
    const reply = await post(app, 'ListCollections', '{}', { origin });
    expect(asked.statusCode).toBe(400);
    expect(reply.json()).toMatchObject({ __type: 'AccessDeniedException' });
    expect(asked.headers['access-control-allow-origin']).toBeUndefined();
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is served without CORS headers where requests must be signed anyway', async () => {
    const app = serverWith({ refuseForeignOrigins: false });
    const reply = await post(app, 'ListCollections', '{}', { origin: 'https://evil.example' });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('may always when the list says *', async () => {
    const app = serverWith({ corsOrigins: ['*'] });
    const reply = await post(app, 'ListCollections', '{}', { origin: 'https://any.example' });
    expect(reply.headers['access-control-allow-origin']).toBe('*');
  });
});
