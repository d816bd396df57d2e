import type { AddressInfo } from 'node:net';
import { createServer, type Server, Socket } from 'node:net';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { ApiError, type ErrorCode } from '../../src/errors.js';
import { serverWith } from '../http/support.js';
import { handlersWith } from '../protocol/support.js';
import { sharedClient, statusOf, testCollection } from '../support/api.js';
import { type ApiClient, CLIENTS, type ClientKind, type Reach } from './api-client.js';

const sdk = sharedClient();

/** Closed when the test ends. */
function openFor({ open }: ClientKind, reach: Reach): ApiClient {
  const client = open(reach);
  onTestFinished(() => client.close());
  return client;
}

const endpointOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** A service that fails its first calls, and the tokens of all calls it got. */
async function failing(code: ErrorCode, times: number) {
  const tokens: (string | undefined)[] = [];
  const handlers = handlersWith({
    CreateUser: async ({ ClientRequestToken }) => {
      tokens.push(ClientRequestToken);
      if (tokens.length <= times) throw new ApiError(code);
      return {};
    },
  });
  const app = serverWith({}, { handlers });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { endpoint: endpointOf(app.server), tokens };
}

/**
 * Passes bytes on to the service, and cuts the first connection when the service answers: the call has
 * been done, and its caller cannot know.
 */
async function cutting(service: string): Promise<{ endpoint: string; cuts: () => number }> {
  const { hostname, port } = new URL(service);
  let cuts = 0;
  const server = createServer((caller) => {
    const onward = new Socket().connect(Number(port), hostname);
    for (const socket of [caller, onward]) socket.on('error', () => undefined);
    caller.pipe(onward);
    onward.on('data', (answer) => {
      if (cuts === 0) {
        cuts += 1;
        caller.destroy();
        onward.destroy();
      } else caller.write(answer);
    });
    onward.on('close', () => caller.end());
    caller.on('close', () => onward.end());
  });
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  return { endpoint: endpointOf(server), cuts: () => cuts };
}

const USER = { CollectionId: 'c', UserId: 'u' };

describe.each(CLIENTS.filter(({ absent }) => absent === ''))('$name', (kind) => {
  it.each([
    'ThrottlingException',
    'ProvisionedThroughputExceededException',
    'InternalServerError',
  ] as const)('tries again by itself after %s, with the same token', async (code) => {
    const { endpoint, tokens } = await failing(code, 1);
    const client = openFor(kind, { endpoint, signed: false, attempts: 3 });
    expect(await client.call('CreateUser', USER)).toEqual({});
    expect(tokens).toHaveLength(2);
    expect(tokens[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(tokens[1]).toBe(tokens[0]);
  });

  it('does not try again what its caller has to repair', async () => {
    const { endpoint, tokens } = await failing('ConflictException', 1);
    const client = openFor(kind, { endpoint, signed: false, attempts: 3 });
    await expect(client.call('CreateUser', USER)).rejects.toMatchObject({
      code: 'ConflictException',
    });
    expect(tokens).toHaveLength(1);
  });

  it('creates a user once when the answer is lost on its way', async () => {
    const CollectionId = await testCollection(sdk);
    const { endpoint, cuts } = await cutting(inject('endpoint'));
    const client = openFor(kind, { endpoint, signed: true, attempts: 3 });
    // Without the token the second try would meet the user that the first one made.
    expect(await client.call('CreateUser', { CollectionId, UserId: 'u' })).toEqual({});
    expect(cuts()).toBe(1);
    expect(await statusOf(sdk, CollectionId, 'u')).toBe('CREATED');
  });
});
