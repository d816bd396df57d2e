import { describe, expect, it } from 'vitest';
import { createReplayGuard } from '../../src/protocol/replay.js';
import type { WireRequest } from '../../src/protocol/wire.js';
import {
  aRequest,
  credentials,
  dispatchWith,
  handlersWith,
  NOW_MS,
  send,
  signed,
} from './support.js';

const MINUTE_MS = 60_000;

/** A service with a clock to turn, and the operations it ran. */
function service(capacity = 100, startedMs = NOW_MS - MINUTE_MS) {
  const ran: string[] = [];
  const pauses: number[] = [];
  let nowMs = NOW_MS;
  const run = (name: string) => async () => {
    ran.push(name);
    return {};
  };
  const dispatch = dispatchWith({
    authentication: { credentials, regions: [] },
    replay: createReplayGuard({ capacity, startedMs }),
    now: () => nowMs,
    pause: async (ms) => void pauses.push(ms),
    handlers: handlersWith({ DeleteCollection: run('delete'), ListCollections: run('list') }),
  });
  const ask = async (request: WireRequest): Promise<string> => {
    const { body } = await send(dispatch, request);
    const { __type: type = 'OK' } = JSON.parse(body) as { __type?: string };
    return type;
  };
  return { ran, pauses, ask, turn: (ms: number) => void (nowMs += ms) };
}

const removal = (id: string, time?: string) =>
  signed(aRequest('DeleteCollection', { CollectionId: id }), time === undefined ? {} : { time });

describe('a captured request', () => {
  it('that changes something runs once, until its date is too old anyway', async () => {
    const { ran, ask, turn } = service();
    const captured = removal('c');
    expect(await ask(captured)).toBe('OK');
    expect(await ask(captured)).toBe('ThrottlingException');
    turn(5 * MINUTE_MS);
    expect(await ask(captured)).toBe('ThrottlingException');
    turn(1000);
    expect(await ask(captured)).toBe('InvalidSignatureException');
    expect(ran).toEqual(['delete']);
  });

  it('with a date ahead is remembered for as long as that is good', async () => {
    const { ran, ask, turn } = service();
    const captured = removal('c', '20260830T124000Z');
    expect(await ask(captured)).toBe('OK');
    for (let minute = 0; minute < 9; minute++) {
      turn(MINUTE_MS);
      expect(await ask(captured)).toBe('ThrottlingException');
      await ask(removal(`other-${minute}`, '20260830T124000Z'));
    }
    turn(1000);
    expect(await ask(captured)).toBe('InvalidSignatureException');
    expect(ran.length).toBe(1 + 9);
  });

  it('that arrives twice at once runs once', async () => {
    const { ran, ask } = service();
    const answers = await Promise.all([removal('c'), removal('c')].map(ask));
    expect(answers.toSorted()).toEqual(['OK', 'ThrottlingException']);
    expect(ran).toEqual(['delete']);
  });

  it('from before the service started is refused: nobody knows whether it was served', async () => {
    const { ran, ask } = service(100, NOW_MS + 500);
    expect(await ask(removal('c', '20260830T123559Z'))).toBe('ThrottlingException');
    expect(await ask(removal('c', '20260830T123600Z'))).toBe('OK');
    expect(ran).toEqual(['delete']);
  });

  it('that only reads may be sent again', async () => {
    const { ran, ask } = service();
    const captured = signed(aRequest('ListCollections', {}));
    expect([await ask(captured), await ask(captured)]).toEqual(['OK', 'OK']);
    expect(ran).toEqual(['list', 'list']);
  });
});

describe('a call signed anew', () => {
  it('is taken at once after the refusal, which waits until the second of the date is over', async () => {
    const { pauses, ask, turn } = service();
    turn(300);
    await ask(removal('c'));
    expect(await ask(removal('c'))).toBe('ThrottlingException');
    turn(2000);
    expect(await ask(removal('c'))).toBe('ThrottlingException');
    expect(pauses).toEqual([700, 0]);
    await ask(removal('ahead', '20260830T124000Z'));
    await ask(removal('ahead', '20260830T124000Z'));
    expect(pauses.at(-1)).toBe(1000);
  });

  it('with the same content, a second later, runs again', async () => {
    const { ran, ask } = service();
    expect(await ask(removal('c', '20260830T123600Z'))).toBe('OK');
    expect(await ask(removal('c', '20260830T123601Z'))).toBe('OK');
    expect(ran).toEqual(['delete', 'delete']);
  });
});

describe('the memory of signatures', () => {
  it('holds no more than it is given; a refused call is taken when old ones have ended', async () => {
    const { ran, ask, turn } = service(2);
    expect([await ask(removal('a')), await ask(removal('b'))]).toEqual(['OK', 'OK']);
    expect(await ask(removal('c'))).toBe('ThrottlingException');
    expect(await ask(removal('a'))).toBe('ThrottlingException');
    turn(6 * MINUTE_MS);
    expect(await ask(removal('c', '20260830T124200Z'))).toBe('OK');
    expect(ran).toHaveLength(3);
  });

  it('is not filled by wrong signatures', async () => {
    const { ask } = service(1);
    const wrong = (id: string) =>
      signed(aRequest('DeleteCollection', { CollectionId: id }), { secretAccessKey: 'wrong' });
    for (const id of ['a', 'b']) expect(await ask(wrong(id))).toBe('InvalidSignatureException');
    expect(await ask(removal('c'))).toBe('OK');
  });

  it('forgets what has ended', () => {
    const guard = createReplayGuard({ capacity: 1000, startedMs: 0 });
    for (let second = 0; second < 3600; second++) {
      const nowMs = second * 1000;
      const signature = second.toString(16).padStart(13, '0').padEnd(64, '0');
      expect(guard.use({ signature, signedAtMs: nowMs }, nowMs)).toBeUndefined();
      expect(guard.size()).toBeLessThanOrEqual(5 * 60 + 31);
    }
  });
});
