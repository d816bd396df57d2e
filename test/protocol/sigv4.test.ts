import { describe, expect, it } from 'vitest';
import type { Principal } from '../../src/protocol/sigv4/verify.js';
import type { WireRequest } from '../../src/protocol/wire.js';
import { authorization, BODY_HASH, plain, tampered, temporary } from './attack-parts.js';
import { ATTACKS } from './attacks.js';
import { LOOK_ALIKES } from './look-alikes.js';
import {
  credentials,
  dispatchWith,
  handlersWith,
  NOW_MS,
  send,
  signed,
  TEMPORARY,
} from './support.js';

let calls = 0;
let principal: Principal | undefined;
const dispatch = dispatchWith({
  authentication: { credentials, regions: ['us-east-1', 'eu-west-1'] },
  now: () => NOW_MS,
  handlers: handlersWith({
    DeleteCollection: async (_input, context) => {
      calls++;
      principal = context.principal;
      return { StatusCode: 200 };
    },
  }),
});

describe('a request with the right signature is served', () => {
  it.each<[string, WireRequest]>([
    ['as the aws CLI signs', signed(plain())],
    ['at the end of the window', signed(plain(), { time: '20260830T124100Z' })],
    ['at the start of the window', signed(plain(), { time: '20260830T123100Z' })],
    ['for another accepted region', signed(plain(), { region: 'eu-west-1' })],
    ['with a temporary key and its token', temporary(TEMPORARY.sessionToken)],
    ['with blanks between the parts', authorization((text) => text.replaceAll(', ', ' '))],
    ['with commas alone between the parts', authorization((text) => text.replaceAll(', ', ','))],
    ['with a declared body hash', signed(plain({ 'x-amz-content-sha256': BODY_HASH }))],
    ['with headers the signature does not cover', tampered({ 'x-forwarded-for': '10.0.0.1' })],
  ])('%s', async (_, request) => {
    calls = 0;
    expect((await send(dispatch, request)).body).toBe('{"StatusCode":200}');
    expect(calls).toBe(1);
    expect(principal?.arn).toMatch(/^arn:aws:iam::000000000000:user\/A(KID|SIA)/);
  });
});

describe('an attack is refused and reaches no handler', () => {
  it.each([...ATTACKS, ...LOOK_ALIKES])('%s', async (_, request, [type, message]) => {
    calls = 0;
    const reply = await send(dispatch, request);
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.body)).toEqual({ __type: type, message });
    expect(calls).toBe(0);
  });

  it('whatever single byte of the Authorization header is changed', async () => {
    const { authorization: text = '' } = signed(plain()).headers;
    calls = 0;
    for (let i = 0; i < text.length; i++) {
      const changed = `${text.slice(0, i)}${text[i] === 'x' ? 'y' : 'x'}${text.slice(i + 1)}`;
      const reply = await send(dispatch, tampered({ authorization: changed }));
      expect([i, reply.status]).toEqual([i, 400]);
    }
    expect(calls).toBe(0);
  });

  it('with any region where none is configured, but never without one', async () => {
    const anywhere = dispatchWith({
      authentication: { credentials, regions: [] },
      now: () => NOW_MS,
    });
    const from = (region: string) => send(anywhere, signed(plain(), { region }));
    expect((await from('xx-foo-9')).status).toBe(200);
    expect((await from('')).status).toBe(400);
    expect((await from('a b')).status).toBe(400);
  });
});
