import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createServer } from '../../src/http/server.js';
import {
  aRequest,
  credentials,
  dispatchWith,
  handlersWith,
  NOW_MS,
  signed,
  silent,
  TEMPORARY,
} from '../protocol/support.js';
import { serverWith } from './support.js';

const ran: string[] = [];
const app = createServer({
  dispatch: dispatchWith({
    authentication: { credentials, regions: [] },
    now: () => NOW_MS,
    handlers: handlersWith({
      DeleteCollection: async ({ CollectionId }) => {
        ran.push(CollectionId);
        return {};
      },
    }),
  }),
  ready: {},
  metrics: { contentType: 'text/plain', text: async () => '' },
  corsOrigins: [],
  refuseForeignOrigins: false,
  log: silent,
});
let port = 0;
beforeAll(async () => {
  await app.listen({ port: 0, host: '127.0.0.1' });
  port = (app.server.address() as AddressInfo).port;
});
afterAll(() => app.close());

/** Writes bytes as they are and gives everything that comes back until the server closes. */
const raw = async (bytes: string | Buffer, to = port): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(to, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(bytes);
  });

const BODY = '{"CollectionId":"c"}';
/** The header lines of a rightly signed request, each name with its value. */
function lines(headers: Record<string, string> = {}, signing = {}): [string, string][] {
  const request = signed(aRequest('DeleteCollection', BODY, headers), signing);
  return Object.entries(request.headers).map(([name, value]) => [name, value ?? '']);
}
const valueOf = (name: string, given = lines()): string =>
  given.find(([other]) => other === name)?.[1] ?? '';

interface Wire {
  first?: string;
  headers?: [string, string][];
  extra?: string[];
  length?: string[];
  body?: string | Buffer;
}
/** A request in bytes; without arguments it is a good one. */
function wire({ first = 'POST / HTTP/1.1', headers = lines(), ...rest }: Wire = {}): Buffer {
  const { body = BODY, extra = [], length = [`Content-Length: ${Buffer.byteLength(body)}`] } = rest;
  const head = [
    first,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...extra,
    ...length,
    'Connection: close',
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}
/** One more header of a name that is there already, before or after it. */
const twice = (name: string, value: string, where: 'before' | 'after'): Wire => {
  const line: [string, string] = [name, value];
  return { headers: where === 'before' ? [line, ...lines()] : [...lines(), line] };
};
const forged = valueOf('authorization').replace(/[0-9a-f]{64}/, '0'.repeat(64));
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const CHUNKED = `${chunk(BODY)}0\r\n\r\n`;

/** Bytes on the wire that mean two things, or nothing, and what the one answer says. */
const ATTACKS: [name: string, request: Wire, answer: RegExp][] = [
  [
    'a forged Authorization before the right one',
    twice('authorization', forged, 'before'),
    /IncompleteSignatureException/,
  ],
  [
    'a forged Authorization after the right one',
    twice('authorization', forged, 'after'),
    /IncompleteSignatureException/,
  ],
  [
    'another Host before the signed one',
    twice('host', 'elsewhere', 'before'),
    /^HTTP\/1\.1 400|InvalidSignatureException/,
  ],
  [
    'another Host after the signed one',
    twice('host', 'elsewhere', 'after'),
    /^HTTP\/1\.1 400|InvalidSignatureException/,
  ],
  ['no Host at all', { headers: lines().filter(([name]) => name !== 'host') }, /^HTTP\/1\.1 400/],
  [
    'another operation before the signed one',
    twice('x-amz-target', 'RekognitionService.DeleteUser', 'before'),
    /UnknownOperationException/,
  ],
  [
    'another operation after the signed one',
    twice('x-amz-target', 'RekognitionService.DeleteUser', 'after'),
    /UnknownOperationException/,
  ],
  [
    'another date before the signed one',
    twice('x-amz-date', '20260830T123601Z', 'before'),
    /Date must be in ISO-8601/,
  ],
  [
    'another date after the signed one',
    twice('x-amz-date', '20260830T123601Z', 'after'),
    /Date must be in ISO-8601/,
  ],
  [
    'two session tokens',
    twice('x-amz-security-token', TEMPORARY.sessionToken, 'after'),
    /UnrecognizedClientException/,
  ],
  [
    'another content type after the signed one',
    twice('content-type', 'text/plain', 'after'),
    /InvalidSignatureException|UnknownOperationException/,
  ],
  [
    'another body hash after the signed one',
    {
      headers: [
        ...lines({ 'x-amz-content-sha256': '0'.repeat(64) }),
        ['x-amz-content-sha256', '1'.repeat(64)],
      ],
    },
    /InvalidSignatureException/,
  ],
  [
    'Content-Length and chunks',
    { length: ['Content-Length: 4', 'Transfer-Encoding: chunked'], body: CHUNKED },
    /^HTTP\/1\.1 400/,
  ],
  [
    'chunks and Content-Length',
    { length: ['Transfer-Encoding: chunked', 'Content-Length: 4'], body: CHUNKED },
    /^HTTP\/1\.1 400/,
  ],
  ['two lengths', { length: ['Content-Length: 20', 'Content-Length: 4'] }, /^HTTP\/1\.1 400/],
  ['a length with a sign', { length: ['Content-Length: +20'] }, /^HTTP\/1\.1 400/],
  ['a length that is no number', { length: ['Content-Length: 0x14'] }, /^HTTP\/1\.1 400/],
  [
    'a transfer encoding nobody knows',
    { length: ['Transfer-Encoding: xchunked'], body: CHUNKED },
    /^HTTP\/1\.1 400/,
  ],
  [
    'a chunk size that is none',
    { length: ['Transfer-Encoding: chunked'], body: 'zz\r\n{}\r\n0\r\n\r\n' },
    /^HTTP\/1\.1 400/,
  ],
  ['a header over two lines', { extra: ['X-Fold: a', ' b'] }, /^HTTP\/1\.1 400/],
  [
    'a blank before the colon',
    { extra: ['X-Amz-Target : RekognitionService.DeleteUser'] },
    /^HTTP\/1\.1 400/,
  ],
  [
    'a line feed in a header',
    { extra: ['X-A: b\nX-Amz-Target: RekognitionService.DeleteUser'] },
    /^HTTP\/1\.1 400|UnknownOperationException/,
  ],
  ['a carriage return in a header', { extra: ['X-A: b\rX-B: c'] }, /^HTTP\/1\.1 400/],
  ['a NUL in a header', { extra: ['X-A: b\0c'] }, /^HTTP\/1\.1 400/],
  ['a header without a name', { extra: [': c'] }, /^HTTP\/1\.1 400/],
  ['a method that is none', { first: 'post / HTTP/1.1' }, /^HTTP\/1\.1 400/],
  ['another method', { first: 'PUT / HTTP/1.1' }, /^HTTP\/1\.1 403/],
  [
    'a method in a header',
    { first: 'GET / HTTP/1.1', extra: ['X-HTTP-Method-Override: POST'], length: [], body: '' },
    /^HTTP\/1\.1 403/,
  ],
  ['a version that is none', { first: 'POST / HTTP/9.9' }, /^HTTP\/1\.1 (400|505)/],
  ['another path', { first: 'POST /admin HTTP/1.1' }, /InvalidSignatureException/],
  [
    'a path above the root',
    { first: 'POST /../../etc/passwd HTTP/1.1' },
    /InvalidSignatureException/,
  ],
  [
    'an encoded path above the root',
    { first: 'POST /%2e%2e/%2e%2e/health/live HTTP/1.1' },
    /InvalidSignatureException/,
  ],
  ['a path with a broken escape', { first: 'POST /%zz HTTP/1.1' }, /^HTTP\/1\.1 400(?!.*FST)/s],
  [
    'a whole URL of another host',
    { first: 'POST http://elsewhere/ HTTP/1.1' },
    /InvalidSignatureException/,
  ],
  [
    'a path that names another host',
    { first: 'POST //elsewhere/ HTTP/1.1' },
    /InvalidSignatureException/,
  ],
  [
    'a query that was not signed',
    { first: 'POST /?Action=DeleteUser HTTP/1.1' },
    /InvalidSignatureException/,
  ],
  [
    'the signature in the query as well',
    { first: 'POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256 HTTP/1.1' },
    /Found both 'X-Amz-Algorithm'/,
  ],
  [
    'the same, escaped',
    { first: 'POST /?X-Amz-%41lgorithm=AWS4-HMAC-SHA256 HTTP/1.1' },
    /Found both 'X-Amz-Algorithm'/,
  ],
  [
    'a body in signed chunks that are not there',
    {
      headers: lines({
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'content-encoding': 'aws-chunked',
      }),
    },
    /InvalidSignatureException/,
  ],
  [
    'a compressed body, which is not unpacked',
    { extra: ['Content-Encoding: gzip'], body: gzipSync(BODY) },
    /SerializationException/,
  ],
  [
    'more than the announced body',
    { body: `${BODY}${wire().toString('latin1')}`, length: [`Content-Length: ${BODY.length + 1}`] },
    /^HTTP\/1\.1 400/,
  ],
];

describe('an attack on the wire is refused and reaches no handler', () => {
  it.each(ATTACKS)('%s', async (_, request, answer) => {
    ran.length = 0;
    expect(await raw(wire(request))).toMatch(answer);
    expect(ran).toEqual([]);
  });

  it('and the request they are made of is a good one', async () => {
    ran.length = 0;
    expect(await raw(wire())).toMatch(/^HTTP\/1\.1 200 OK/);
    const chunked = wire({ length: ['Transfer-Encoding: chunked'], body: CHUNKED });
    expect(await raw(chunked)).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(ran).toEqual(['c', 'c']);
  });

  it('a second request behind a signed one is a request of its own', async () => {
    ran.length = 0;
    const good = wire().toString('latin1').replace('Connection: close\r\n', '');
    const smuggled = wire({
      headers: [
        ['host', 'localhost:8642'],
        ['content-type', 'application/x-amz-json-1.1'],
        ['x-amz-target', 'RekognitionService.DeleteCollection'],
      ],
      body: '{"CollectionId":"other"}',
    }).toString('latin1');
    const answers = await raw(good + smuggled);
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(answers).toContain('MissingAuthenticationTokenException');
    expect(ran).toEqual(['c']);
  });
});

describe('a caller that takes its time', () => {
  const slow = async (bytes: string): Promise<string> => {
    const limits = { headersTimeoutMs: 100, requestTimeoutMs: 200 };
    const server = serverWith({ limits });
    await server.listen({ port: 0, host: '127.0.0.1' });
    return raw(bytes, (server.server.address() as AddressInfo).port);
  };

  it('with its headers is cut off', async () => {
    expect(await slow('POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')).toMatch(/^HTTP\/1\.1 408/);
  });

  it('with its body is cut off', async () => {
    const head = wire({ length: ['Content-Length: 100'], body: '' }).toString('latin1');
    expect(await slow(`${head}{"Coll`)).toMatch(/^HTTP\/1\.1 408/);
  });
});
