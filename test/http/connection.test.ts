import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { serverWith } from './support.js';

/** A socket to a listening server, and all it has said so far. */
async function connected() {
  const app = serverWith({}, { newRequestId: randomUUID });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(socket, 'connect');
  return { socket, text: () => text };
}

const call = (body: string, target = 'RekognitionService.ListFaces', method = 'POST'): string =>
  `${method} / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: ${target}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const replies = (text: string): RegExpMatchArray | null => text.match(/HTTP\/1\.1 \d+/g);

async function untilReplies(
  { socket, text }: { socket: Socket; text: () => string },
  count: number,
): Promise<string[]> {
  while ((replies(text())?.length ?? 0) < count) await once(socket, 'data');
  return replies(text()) ?? [];
}

const UUID = /^x-amzn-RequestId: [0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\r$/gm;

it('serves call after call on one connection, also after refusals of every kind', async () => {
  const connection = await connected();
  const calls = [
    call('{"CollectionId":"c"}'),
    call('{"CollectionId":""}'),
    call('{'),
    call('', 'RekognitionService.ListFaces', 'GET'),
    call('{}', 'RekognitionService.Nothing'),
    call('{"CollectionId":"c"}'),
  ];
  for (const [i, one] of calls.entries()) {
    connection.socket.write(one);
    await untilReplies(connection, i + 1);
  }
  expect(await untilReplies(connection, calls.length)).toEqual(
    ['200', '400', '400', '403', '400', '200'].map((status) => `HTTP/1.1 ${status}`),
  );
  const text = connection.text();
  expect(new Set(text.match(UUID)).size).toBe(calls.length);
  for (const date of text.match(/^Date: .*$/gm) ?? [])
    expect(Math.abs(Date.parse(date.slice(6)) - Date.now())).toBeLessThan(60_000);
  expect(text.match(/^Date: /gm)).toHaveLength(calls.length);
});

it('answers calls that come before the last one was answered, in their order', async () => {
  const connection = await connected();
  connection.socket.write(call('{"CollectionId":"c"}') + call('{') + call('{"CollectionId":"c"}'));
  expect(await untilReplies(connection, 3)).toEqual([
    'HTTP/1.1 200',
    'HTTP/1.1 400',
    'HTTP/1.1 200',
  ]);
});

it('says 100 to a caller that asks before it sends its body', async () => {
  const connection = await connected();
  const [head, body] = call('{"CollectionId":"c"}').split('\r\n\r\n');
  connection.socket.write(`${head}\r\nExpect: 100-continue\r\n\r\n`);
  await untilReplies(connection, 1);
  connection.socket.write(body ?? '');
  expect(await untilReplies(connection, 2)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200']);
});

it.each([
  ['no HTTP at all', 'hello\r\n\r\n', 400],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    400,
  ],
  [
    'a length and chunks, which lets a request hide in another',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'headers beyond the bound',
    `POST / HTTP/1.1\r\nHost: x\r\nBig: ${'x'.repeat(20_000)}\r\n\r\n`,
    431,
  ],
])('answers %s without a body, with a request id, and hangs up', async (_, bytes, status) => {
  const { socket, text } = await connected();
  socket.write(bytes);
  await once(socket, 'close');
  expect(text()).toMatch(new RegExp(`^HTTP/1.1 ${status} [A-Za-z ]+\r\n`));
  expect(text()).toMatch(/^x-amzn-RequestId: [0-9a-f-]{36}\r$/m);
  expect(text()).toMatch(/^Connection: close\r$/m);
  expect(text()).toMatch(/\r\n\r\n$/);
});
