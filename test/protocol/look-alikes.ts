import { createHash } from 'node:crypto';
import {
  type Attack,
  authorization,
  BODY_HASH,
  badDate,
  incomplete,
  MISMATCH,
  parts,
  plain,
  scope,
  tampered,
  temporary,
  UNKNOWN_KEY,
  unsigned,
} from './attack-parts.js';
import { KEY, signed, TEMPORARY } from './support.js';

/** Names and bytes that look like others, or mean two things; none is what was signed. */
export const LOOK_ALIKES: Attack[] = [
  [
    'a signed header named in capitals',
    authorization((text) => text.replace(';host;', ';Host;')),
    unsigned('Host'),
  ],
  [
    'no names of headers',
    authorization((text) => text.replace(/SignedHeaders=[^,]*/, 'SignedHeaders=;')),
    unsigned('Host'),
  ],
  [
    'an empty name among the signed ones',
    authorization((text) => text.replace('host;', 'host;;')),
    MISMATCH,
  ],
  [
    'parts in small letters',
    authorization((text) => text.replace('Signature=', 'signature=')),
    incomplete(
      parts('Signature'),
      signed(plain()).headers['authorization']!.replace('Signature=', 'signature='),
    ),
  ],
  [
    'two credentials',
    authorization((text) => text.replace('Credential=', `Credential=x, Credential=`)),
    incomplete(
      parts('Credential'),
      signed(plain()).headers['authorization']!.replace('Credential=', 'Credential=x, Credential='),
    ),
  ],
  [
    'an escaped slash in the credential',
    authorization((text) => text.replace('AKIDEXAMPLE/', 'AKIDEXAMPLE%2F')),
    UNKNOWN_KEY,
  ],
  ['a key id in small letters', signed(plain(), { accessKeyId: 'akidexample' }), UNKNOWN_KEY],
  [
    'a key id with a look-alike letter',
    signed(plain(), { accessKeyId: 'AKIDEXAMPL\u0415' }),
    UNKNOWN_KEY,
  ],
  ['an empty key id', signed(plain(), { accessKeyId: '' }), UNKNOWN_KEY],
  [
    'the token of another temporary key',
    temporary(TEMPORARY.sessionToken, { accessKeyId: KEY.accessKeyId }),
    UNKNOWN_KEY,
  ],
  ['a token cut short', temporary(TEMPORARY.sessionToken.slice(0, -1)), UNKNOWN_KEY],
  ['a token with more behind it', temporary(`${TEMPORARY.sessionToken}x`), UNKNOWN_KEY],
  ['a token in other case', temporary(TEMPORARY.sessionToken.toLowerCase()), UNKNOWN_KEY],
  [
    'a declared hash in capitals',
    signed(plain({ 'x-amz-content-sha256': BODY_HASH.toUpperCase() })),
    MISMATCH,
  ],
  [
    'an unsigned trailer',
    signed(plain({ 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' })),
    MISMATCH,
  ],
  [
    'a signed trailer',
    signed(plain({ 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER' })),
    MISMATCH,
  ],
  [
    'an unsigned payload that is not declared',
    signed(plain(), { payloadHash: 'UNSIGNED-PAYLOAD' }),
    MISMATCH,
  ],
  ['an empty payload hash', signed(plain(), { payloadHash: '' }), MISMATCH],
  [
    'the hash of nothing for a body',
    signed(plain(), { payloadHash: createHash('sha256').digest('hex') }),
    MISMATCH,
  ],
  [
    'a fresh Date beside an old X-Amz-Date',
    tampered({ date: '20260830T123600Z' }, signed(plain(), { time: '20260830T120000Z' })),
    scope(
      'Signature expired: 20260830T120000Z is now earlier than 20260830T123100Z (20260830T123600Z - 5 min.)',
    ),
  ],
  [
    'an old request whose date was put into Date',
    tampered(
      { 'x-amz-date': undefined, date: '20260830T123600Z' },
      signed(plain(), { time: '20260830T120000Z' }),
    ),
    MISMATCH,
  ],
  [
    'a date with a zone',
    signed(plain(), { time: '20260830T123600+0000' }),
    badDate('20260830T123600+0000'),
  ],
  [
    'a date of the year zero',
    signed(plain(), { time: '00000000T000000Z' }),
    badDate('00000000T000000Z'),
  ],
  [
    'a date in other digits',
    signed(plain(), { time: '٢٠٢٦٠٨٣٠T123600Z' }),
    badDate('٢٠٢٦٠٨٣٠T123600Z'),
  ],
  [
    'a second past the window',
    signed(plain(), { time: '20260830T123059Z' }),
    scope(
      'Signature expired: 20260830T123059Z is now earlier than 20260830T123100Z (20260830T123600Z - 5 min.)',
    ),
  ],
  [
    'a second ahead of the window',
    signed(plain(), { time: '20260830T124101Z' }),
    scope(
      'Signature not yet current: 20260830T124101Z is still later than 20260830T124100Z (20260830T123600Z + 5 min.)',
    ),
  ],
];
