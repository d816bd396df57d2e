import {
  type Attack,
  algorithm,
  authorization,
  BODY_HASH,
  badDate,
  CREDENTIAL,
  incomplete,
  MISMATCH,
  parts,
  plain,
  scope,
  tampered,
  temporary,
  UNKNOWN_KEY,
  unsigned,
  without,
  ZEROS,
} from './attack-parts.js';
import { EXPIRED, signed, TEMPORARY } from './support.js';

/** Requests that nobody with the right to send them made, and the exact refusal of each. */
export const ATTACKS: Attack[] = [
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
  [
    'a declared hash that is not the one signed',
    signed(plain({ 'x-amz-content-sha256': ZEROS }), { payloadHash: BODY_HASH }),
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
    algorithm('AWS4-HMAC-SHA1'),
  ],
  [
    'no algorithm at all',
    authorization((text) => text.replace('AWS4-HMAC-SHA256', 'none')),
    algorithm('none'),
  ],
  [
    'the algorithm in small letters',
    authorization((text) => text.replace('AWS4-HMAC-SHA256', 'aws4-hmac-sha256')),
    algorithm('aws4-hmac-sha256'),
  ],
  [
    'the algorithm of many regions',
    signed(plain({ 'x-amz-region-set': '*' }), { algorithm: 'AWS4-ECDSA-P256-SHA256' }),
    algorithm('AWS4-ECDSA-P256-SHA256'),
  ],
  [
    'the algorithm of a payload',
    signed(plain(), { algorithm: 'AWS4-HMAC-SHA256-PAYLOAD' }),
    algorithm('AWS4-HMAC-SHA256-PAYLOAD'),
  ],
  ['Signature Version 2', authorization((text) => text.replace(/^\S+ /, 'AWS ')), algorithm('AWS')],
  [
    'every region',
    signed(plain(), { region: '*' }),
    scope("Credential should be scoped to a valid region, not '*'. "),
  ],
  [
    'an accepted region in capitals',
    signed(plain(), { region: 'US-EAST-1' }),
    scope("Credential should be scoped to a valid region, not 'US-EAST-1'. "),
  ],
  [
    'the service in capitals',
    signed(plain(), { service: 'Rekognition' }),
    scope("Credential should be scoped to correct service: 'rekognition'. "),
  ],
  [
    'a key of yesterday for a request of today',
    authorization((text) => text.replace('/20260830/', '/20260829/')),
    scope(
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260829' != '20260830', from '20260830T123600Z'.",
    ),
  ],
  [
    'another accepted region than the one signed for',
    authorization((text) => text.replace('/us-east-1/', '/eu-west-1/')),
    MISMATCH,
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
