import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../../src/protocol/rate-limits.js';
import { aRequest, credentials, dispatchWith, NOW_MS, send, signed, TEMPORARY } from './support.js';

/** A service with a clock to turn; gives the error's name or OK. */
function service(rates: { read: number; write: number; image: number }, withKeys = true) {
  let nowMs = NOW_MS;
  const dispatch = dispatchWith({
    ...(withKeys && { authentication: { credentials, regions: [] } }),
    rates: createRateLimiter(rates),
    now: () => nowMs,
  });
  const ask = async (operation: string, body: object = {}, signing = {}): Promise<string> => {
    const token = 'sessionToken' in signing ? String(signing.sessionToken) : undefined;
    const request = aRequest(operation, body, token ? { 'x-amz-security-token': token } : {});
    const reply = await send(dispatch, withKeys ? signed(request, signing) : request);
    const { __type: type, Message = '' } = JSON.parse(reply.body) as Record<string, string>;
    return type === undefined ? 'OK' : `${reply.status} ${type}: ${Message}`;
  };
  return { ask, turn: (ms: number) => void (nowMs += ms) };
}

const REFUSED = '400 ProvisionedThroughputExceededException: Provisioned rate exceeded';
const DESCRIBE = { CollectionId: 'c' };

describe('a rate', () => {
  it('lets a second’s worth of calls through at once and then one after another', async () => {
    const { ask, turn } = service({ read: 2, write: 0, image: 0 });
    const three = async () => [
      await ask('ListCollections'),
      await ask('DescribeCollection', DESCRIBE),
      await ask('ListCollections'),
    ];
    expect(await three()).toEqual(['OK', 'OK', REFUSED]);
    turn(500);
    expect(await three()).toEqual(['OK', REFUSED, REFUSED]);
    turn(60_000);
    expect(await three()).toEqual(['OK', 'OK', REFUSED]);
  });

  it('is counted for each class of operations', async () => {
    const { ask } = service({ read: 1, write: 1, image: 0 });
    expect(await ask('ListCollections')).toBe('OK');
    expect(await ask('DeleteCollection', DESCRIBE)).toBe('OK');
    expect(await ask('DeleteCollection', DESCRIBE)).toBe(REFUSED);
    for (let i = 0; i < 5; i++)
      expect(await ask('DetectFaces', { Image: { Bytes: 'AAAA' } })).toBe('OK');
  });

  it('is counted for each principal', async () => {
    const { ask } = service({ read: 1, write: 1, image: 1 });
    expect([await ask('ListCollections'), await ask('ListCollections')]).toEqual(['OK', REFUSED]);
    expect(await ask('ListCollections', {}, TEMPORARY)).toBe('OK');
  });

  it('is not used up by somebody who cannot sign', async () => {
    const { ask } = service({ read: 1, write: 1, image: 1 });
    for (let i = 0; i < 3; i++)
      expect(await ask('ListCollections', {}, { secretAccessKey: 'wrong' })).toMatch(/Signature/);
    expect(await ask('ListCollections')).toBe('OK');
  });

  it('holds for everybody together where nobody signs', async () => {
    const { ask } = service({ read: 1, write: 1, image: 1 }, false);
    expect([await ask('ListCollections'), await ask('ListCollections')]).toEqual(['OK', REFUSED]);
  });
});

describe('a rate limiter', () => {
  it('remembers so many principals and no more, the latest', () => {
    const limiter = createRateLimiter({ read: 1, write: 1, image: 1 }, 3);
    for (let i = 0; i < 100; i++) limiter.take(`user-${i}`, 'read', 0);
    expect(limiter.size()).toBe(3);
    expect(() => limiter.take('user-99', 'read', 0)).toThrow('Provisioned rate exceeded');
    expect(() => limiter.take('user-0', 'read', 0)).not.toThrow();
  });

  it('gains nothing from a clock that is set back', () => {
    const limiter = createRateLimiter({ read: 1, write: 1, image: 1 });
    limiter.take('user', 'read', 10_000);
    expect(() => limiter.take('user', 'read', 0)).toThrow('Provisioned rate exceeded');
    expect(() => limiter.take('user', 'read', 999)).toThrow('Provisioned rate exceeded');
    expect(() => limiter.take('user', 'read', 1999)).not.toThrow();
  });
});
