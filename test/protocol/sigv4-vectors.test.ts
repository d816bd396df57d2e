import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalPath } from '../../src/protocol/sigv4/canonical-path.js';
import { canonicalQuery } from '../../src/protocol/sigv4/canonical-query.js';
import { canonicalRequest, payloadHashOf } from '../../src/protocol/sigv4/canonical-request.js';
import { sign, signingKey } from '../../src/protocol/sigv4/signing-key.js';
import { stringToSign } from '../../src/protocol/sigv4/string-to-sign.js';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const TIME = '20150830T123600Z';

interface Vector {
  name: string;
  method?: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
  signature: string;
}

/** AWS's published Signature Version 4 test suite: its requests and the signatures it gives for them. */
const SUITE: Vector[] = [
  {
    name: 'get-vanilla',
    url: '/',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'get-vanilla-query-order-key-case',
    url: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    url: '/',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'get-header-value-trim',
    url: '/',
    headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    url: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
  {
    name: 'get-unreserved',
    url: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  {
    name: 'get-utf8',
    url: Buffer.from('/ሴ').toString('latin1'),
    signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  },
  {
    name: 'normalize-path/get-relative',
    url: '/example/..',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'normalize-path/get-slashes',
    url: '//example//',
    signature: '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
  },
];

function signatureOf({ method = 'GET', url, headers = {}, body = '' }: Vector): string {
  const all = { host: 'example.amazonaws.com', 'x-amz-date': TIME, ...headers };
  const bytes = Buffer.from(body);
  const canonical = canonicalRequest(
    { method, url, headers: all, body: bytes },
    Object.keys(all).toSorted(),
    payloadHashOf(bytes),
  );
  const scope = {
    date: '20150830',
    region: 'us-east-1',
    service: 'service',
    terminator: 'aws4_request',
  };
  return sign(
    signingKey(SECRET, scope),
    stringToSign(TIME, Object.values(scope).join('/'), canonical),
  );
}

describe("AWS's test suite", () => {
  it.each(SUITE.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    expect(signatureOf(vector)).toBe(vector.signature);
  });
});

describe("the documentation's example: IAM ListUsers", () => {
  const scope = {
    date: '20150830',
    region: 'us-east-1',
    service: 'iam',
    terminator: 'aws4_request',
  };
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    host: 'iam.amazonaws.com',
    'x-amz-date': TIME,
  };
  const canonical = canonicalRequest(
    { method: 'GET', url: '/?Action=ListUsers&Version=2010-05-08', headers, body: Buffer.alloc(0) },
    Object.keys(headers),
    payloadHashOf(Buffer.alloc(0)),
  );

  it('has the hash of the canonical request that the documentation prints', () => {
    expect(createHash('sha256').update(canonical).digest('hex')).toBe(
      'f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59',
    );
  });

  it('has the signing key and signature that the documentation prints', () => {
    const key = signingKey(SECRET, scope);
    expect(key.toString('hex')).toBe(
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    );
    expect(sign(key, stringToSign(TIME, '20150830/us-east-1/iam/aws4_request', canonical))).toBe(
      '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    );
  });
});

it.each([
  ['/', '/'],
  ['', '/'],
  ['/foo/bar', '/foo/bar'],
  ['/rek/v1/', '/rek/v1/'],
  ['/a%20b', '/a%2520b'],
  ['/a+b(c)', '/a%2Bb%28c%29'],
  ['/./a/../../b/.', '/b'],
])('encodes the path %j once more: %j', (path, canonical) => {
  expect(canonicalPath(path)).toBe(canonical);
});

it.each([
  ['', ''],
  ['b=2&a=1', 'a=1&b=2'],
  ['a=2&a=1', 'a=1&a=2'],
  ['a', 'a='],
  ['a=b=c', 'a=b%3Dc'],
  ['a=%7e%2f%zz', 'a=~%2F%25zz'],
  ['Z=1&a=1', 'Z=1&a=1'],
])('writes the query %j one way: %j', (query, canonical) => {
  expect(canonicalQuery(query)).toBe(canonical);
});
