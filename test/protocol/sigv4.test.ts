import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Principal } from '../../src/protocol/sigv4/verify.js';
import type { WireRequest } from '../../src/protocol/wire.js';
import {
  aRequest,
  credentials,
  dispatchWith,
  EXPIRED,
  handlersWith,
  KEY,
  NOW_MS,
  type Signing,
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

const plain = (headers: Record<string, string | undefined> = {}): WireRequest =>
  aRequest('DeleteCollection', { CollectionId: 'c' }, headers);
const BODY_HASH = createHash('sha256').update(plain().body).digest('hex');
const temporary = (token?: string, signing: Signing = {}): WireRequest =>
  signed(plain({ 'x-amz-security-token': token }), { ...TEMPORARY, ...signing });

/** A request whose headers are changed after it was signed. */
const tampered = (
  change: Record<string, string | undefined>,
  request: WireRequest = signed(plain()),
): WireRequest => ({ ...request, headers: { ...request.headers, ...change } });

const authorization = (change: (text: string) => string): WireRequest => {
  const request = signed(plain());
  return tampered({ authorization: change(request.headers['authorization']!) }, request);
};
const without = (signing: string): WireRequest =>
  signed(plain(), {
    signed: ['content-type', 'host', 'x-amz-date', 'x-amz-target'].filter((n) => n !== signing),
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

const MISMATCH = [
  'InvalidSignatureException',
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
] as const;
const UNKNOWN_KEY = [
  'UnrecognizedClientException',
  'The security token included in the request is invalid.',
] as const;
const unsigned = (name: string) =>
  [
    'InvalidSignatureException',
    `'${name}' must be a 'SignedHeader' in the AWS Authorization.`,
  ] as const;
const badDate = (time: string) =>
  [
    'IncompleteSignatureException',
    `Date must be in ISO-8601 'basic format'. Got '${time}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  ] as const;
const scope = (message: string) => ['InvalidSignatureException', message] as const;
const incomplete = (message: string, value: string) =>
  ['IncompleteSignatureException', `${message} Authorization=${value}`] as const;

const ZEROS = '0'.repeat(64);
const CREDENTIAL = 'AKIDEXAMPLE/20260830/us-east-1/rekognition/aws4_request';
const parts = (...names: string[]) =>
  names.map((name) => `Authorization header requires '${name}' parameter.`).join(' ');

const ATTACKS: [name: string, request: WireRequest, error: readonly [string, string]][] = [
  // Nothing, or not enough, to check.
  [
    'no Authorization',
    plain(),
    ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  ],
  [
    'an empty Authorization',
    tampered({ authorization: '' }),
    ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  ],
  [
    'signature in the query only',
    {
      ...plain(),
      url: `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${CREDENTIAL}&X-Amz-Signature=${ZEROS}`,
    },
    ['MissingAuthenticationTokenException', 'Missing Authentication Token'],
  ],
  [
    'signatures in header and query',
    { ...signed(plain()), url: '/?x=1&X-Amz-Algorithm=AWS4-HMAC-SHA256' },
    [
      'InvalidSignatureException',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    ],
  ],
  [
    'a bearer token',
    tampered({ authorization: 'Bearer abc' }),
    incomplete(parts('Credential', 'Signature', 'SignedHeaders'), 'Bearer abc'),
  ],
  [
    'no signature',
    tampered({ authorization: `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host` }),
    incomplete(parts('Signature'), `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host`),
  ],
  [
    'an empty signature',
    tampered({
      authorization: `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host, Signature=`,
    }),
    incomplete(
      parts('Signature'),
      `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host, Signature=`,
    ),
  ],
  [
    'two signatures',
    tampered({
      authorization: `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host, Signature=a, Signature=b`,
    }),
    incomplete(
      parts('Signature'),
      `AWS4-HMAC-SHA256 Credential=${CREDENTIAL}, SignedHeaders=host, Signature=a, Signature=b`,
    ),
  ],
  [
    'no date',
    tampered({ 'x-amz-date': undefined, authorization: 'A B' }),
    incomplete(
      `${parts('Credential', 'Signature', 'SignedHeaders')} Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.`,
      'A B',
    ),
  ],

  // The key.
  ['an unknown key', signed(plain(), { accessKeyId: 'AKIDSTRANGER' }), UNKNOWN_KEY],
  [
    'a key named like an inherited member',
    signed(plain(), { accessKeyId: '__proto__' }),
    UNKNOWN_KEY,
  ],
  ['a wrong secret', signed(plain(), { secretAccessKey: 'wrong' }), MISMATCH],
  ['an empty secret', signed(plain(), { secretAccessKey: '' }), MISMATCH],
  [
    'another key of ours with this secret',
    signed(plain(), { accessKeyId: TEMPORARY.accessKeyId }),
    UNKNOWN_KEY,
  ],
  ['a temporary key without its token', temporary(), UNKNOWN_KEY],
  ['a temporary key with a forged token', temporary('forged'), UNKNOWN_KEY],
  ['a token on a key that has none', signed(plain({ 'x-amz-security-token': 'x' })), UNKNOWN_KEY],
  [
    'a temporary key that has expired',
    signed(plain({ 'x-amz-security-token': EXPIRED.sessionToken }), EXPIRED),
    ['ExpiredTokenException', 'The security token included in the request is expired'],
  ],

  // The date.
  [
    'a replay after six minutes',
    signed(plain(), { time: '20260830T123000Z' }),
    scope(
      'Signature expired: 20260830T123000Z is now earlier than 20260830T123100Z (20260830T123600Z - 5 min.)',
    ),
  ],
  [
    'a date six minutes ahead',
    signed(plain(), { time: '20260830T124200Z' }),
    scope(
      'Signature not yet current: 20260830T124200Z is still later than 20260830T124100Z (20260830T123600Z + 5 min.)',
    ),
  ],
  [
    'a replay with a fresh date put over the old one',
    tampered({ 'x-amz-date': '20260830T123601Z' }),
    MISMATCH,
  ],
  ['a date that cannot be parsed', signed(plain(), { time: 'now' }), badDate('now')],
  [
    'a date with milliseconds',
    signed(plain(), { time: '20260830T123600.000Z' }),
    badDate('20260830T123600.000Z'),
  ],
  [
    'a date no calendar has',
    signed(plain(), { time: '20260230T123600Z' }),
    badDate('20260230T123600Z'),
  ],
  [
    'an HTTP date',
    tampered({ 'x-amz-date': undefined, date: 'Sun, 30 Aug 2026 12:36:00 GMT' }),
    badDate('Sun, 30 Aug 2026 12:36:00 GMT'),
  ],
  [
    'a scope of another day',
    signed(plain(), { scopeDate: '20260829' }),
    scope(
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260829' != '20260830', from '20260830T123600Z'.",
    ),
  ],

  // What the signature covers.
  ['Host left out of the signature', without('host'), unsigned('Host')],
  ['the operation left out of the signature', without('x-amz-target'), unsigned('X-Amz-Target')],
  ['the date left out of the signature', without('x-amz-date'), unsigned('X-Amz-Date')],
  [
    'the body hash left out of the signature',
    tampered({ 'x-amz-content-sha256': BODY_HASH }),
    unsigned('X-Amz-Content-Sha256'),
  ],
  [
    'the token left out of the signature',
    tampered({ 'x-amz-security-token': TEMPORARY.sessionToken }, temporary(undefined)),
    unsigned('X-Amz-Security-Token'),
  ],
  [
    'a header signed that was not sent',
    signed(plain(), { signed: ['content-type', 'host', 'x-absent', 'x-amz-date', 'x-amz-target'] }),
    MISMATCH,
  ],
  [
    'a name every object inherits as a signed header',
    signed(plain(), { signed: ['constructor', 'host', 'x-amz-date', 'x-amz-target'] }),
    MISMATCH,
  ],
  [
    'a header signed twice',
    signed(plain(), { signed: ['host', 'host', 'x-amz-date', 'x-amz-target'] }),
    MISMATCH,
  ],
  ['another operation', tampered({ 'x-amz-target': 'RekognitionService.DeleteUser' }), MISMATCH],
  ['another host', tampered({ host: 'elsewhere:8642' }), MISMATCH],
  [
    'a signed content type that was changed',
    tampered({ 'content-type': 'application/x-amz-json-1.1; x=1' }),
    MISMATCH,
  ],
  ['another path', { ...signed(plain()), url: '/other' }, MISMATCH],
  ['a query that was added', { ...signed(plain()), url: '/?x=1' }, MISMATCH],
  ['another body', { ...signed(plain()), body: Buffer.from('{"CollectionId":"d"}') }, MISMATCH],
  [
    'a body that gained a blank',
    { ...signed(plain()), body: Buffer.concat([plain().body, Buffer.from(' ')]) },
    MISMATCH,
  ],
  [
    'another body under the signed hash of the first',
    {
      ...signed(plain({ 'x-amz-content-sha256': BODY_HASH })),
      body: Buffer.from('{"CollectionId":"d"}'),
    },
    MISMATCH,
  ],
  ['an unsigned payload', signed(plain({ 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' })), MISMATCH],
  [
    'a streaming payload',
    signed(plain({ 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' })),
    MISMATCH,
  ],
  ['a hash of another body, signed', signed(plain({ 'x-amz-content-sha256': ZEROS })), MISMATCH],

  // The scope and the algorithm.
  [
    'another service',
    signed(plain(), { service: 's3' }),
    scope("Credential should be scoped to correct service: 'rekognition'. "),
  ],
  [
    'a region that is not accepted',
    signed(plain(), { region: 'ap-south-1' }),
    scope("Credential should be scoped to a valid region, not 'ap-south-1'. "),
  ],
  [
    'an empty region',
    signed(plain(), { region: '' }),
    scope("Credential should be scoped to a valid region, not ''. "),
  ],
  [
    'another terminator',
    signed(plain(), { terminator: 'aws5_request' }),
    scope(
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
    ),
  ],
  [
    'a whole scope that is wrong',
    signed(plain(), { region: 'x', service: 'y', terminator: 'z', scopeDate: '1' }),
    scope(
      "Credential should be scoped to a valid region, not 'x'. Credential should be scoped to correct service: 'rekognition'. Credential should be scoped with a valid terminator: 'aws4_request', not 'z'. Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '1' != '20260830', from '20260830T123600Z'.",
    ),
  ],
  [
    'a scope of four parts',
    authorization((text) => text.replace('/us-east-1', '')),
    scope(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20260830/rekognition/aws4_request'",
    ),
  ],
  [
    'a scope of six parts',
    authorization((text) => text.replace('/us-east-1', '/us-east-1/x')),
    scope(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIDEXAMPLE/20260830/us-east-1/x/rekognition/aws4_request'",
    ),
  ],
  [
    'another algorithm',
    signed(plain(), { algorithm: 'AWS4-HMAC-SHA1' }),
    [
      'IncompleteSignatureException',
      "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). ",
    ],
  ],
  [
    'no algorithm at all',
    authorization((text) => text.replace('AWS4-HMAC-SHA256', 'none')),
    [
      'IncompleteSignatureException',
      "Unsupported AWS 'algorithm': 'none' (only AWS4-HMAC-SHA256 for now). ",
    ],
  ],

  // The signature.
  ['a signature of zeros', authorization((text) => text.replace(/[0-9a-f]{64}/, ZEROS)), MISMATCH],
  ['a signature cut short', authorization((text) => text.slice(0, -1)), MISMATCH],
  ['a signature with more behind it', authorization((text) => `${text}0`), MISMATCH],
  [
    'a signature in capitals',
    authorization((text) => text.replace(/[0-9a-f]{64}/, (hex) => hex.toUpperCase())),
    MISMATCH,
  ],
  [
    'a signature of one bit more',
    authorization((text) => text.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
    MISMATCH,
  ],
];

describe('an attack is refused and reaches no handler', () => {
  it.each(ATTACKS)('%s', async (_, request, [type, message]) => {
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

describe('authorisation', () => {
  it('asks about the principal, the operation and the collection, before types are checked', async () => {
    const asked: unknown[] = [];
    const guarded = dispatchWith({
      authentication: {
        credentials,
        regions: [],
        authorise: (...question) => {
          asked.push(question);
          return false;
        },
      },
      now: () => NOW_MS,
    });
    const reply = await send(
      guarded,
      signed(aRequest('DeleteCollection', { CollectionId: 'c', Extra: 1 })),
    );
    const user = 'arn:aws:iam::000000000000:user/AKIDEXAMPLE';
    const collection = 'arn:aws:rekognition:us-east-1:000000000000:collection/c';
    expect(asked).toEqual([
      [{ accessKeyId: KEY.accessKeyId, arn: user }, 'DeleteCollection', collection],
    ]);
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.body)).toMatchObject({
      __type: 'AccessDeniedException',
      Message: `User: ${user} is not authorized to perform: rekognition:DeleteCollection on resource: ${collection}`,
    });

    await send(guarded, signed(aRequest('ListCollections', { MaxResults: 'x' })));
    await send(guarded, signed(aRequest('TagResource', { ResourceArn: collection })));
    await send(guarded, signed(aRequest('DeleteFaces', { CollectionId: 5 })));
    expect(asked.slice(1)).toEqual([
      [expect.anything(), 'ListCollections', '*'],
      [expect.anything(), 'TagResource', collection],
      [expect.anything(), 'DeleteFaces', '*'],
    ]);
  });
});
