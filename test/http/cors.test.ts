import { describe, expect, it } from 'vitest';
import { post, serverWith } from './support.js';

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
