import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import type { RequestContext } from '../../src/protocol/handlers.js';
import { credentials, handlersWith, NOW_MS } from '../protocol/support.js';
import { deferred, headersFor, post, serverWith } from './support.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Status of a call whose body is announced by no Content-Length. */
const chunkedCall = async (port: number, blanks: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const call = request({ port, method: 'POST', headers: headersFor('ListFaces') }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    });
    call.on('error', reject);
    call.write('{"CollectionId":"c"}');
    call.end(' '.repeat(blanks));
  });

describe('a body', () => {
  it('larger than the limit gets a bare 413', async () => {
    const app = serverWith({ limits: { bodyBytes: 100 } });
    const reply = await post(app, 'ListFaces', `{"CollectionId":"${'c'.repeat(100)}"}`);
    expect([reply.statusCode, reply.body]).toEqual([413, '']);
    expect(reply.headers['x-amzn-requestid']).toMatch(UUID);
  });

  it('of a photo of more than 5 MB gets the text of the API', async () => {
    const Bytes = Buffer.alloc(5_242_881).toString('base64');
    const reply = await post(serverWith(), 'DetectFaces', JSON.stringify({ Image: { Bytes } }));
    expect(reply.json()).toEqual({
      __type: 'ValidationException',
      message:
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=5242881 cap=5242881]' at 'image.bytes' failed to satisfy constraint: Member must have length less than or equal to 5242880",
    });
  });

  it("that breaks off is the caller's doing: nothing is called and nothing logged as a fault", async () => {
    const logged: string[] = [];
    const log = { info: () => undefined, error: (_: object, text: string) => logged.push(text) };
    const calls: string[] = [];
    const observer = { step: (step: string) => void calls.push(step), request: () => undefined };
    const app = serverWith({ log }, { log, observer });
    const done = deferred();
    app.addHook('onRequest', async (_request, reply) => void reply.raw.once('close', done.resolve));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const headers = { ...headersFor('ListFaces'), 'content-length': '100' };
    const call = request({ port, method: 'POST', headers });
    call.on('error', () => undefined);
    call.write('{"Coll', () => call.destroy());
    await done.promise;
    expect([calls, logged]).toEqual([[], []]);
  });

  it('sent in chunks is taken within the limit, and counts as it arrives', async () => {
    const [running, held] = [deferred(), deferred()];
    const handlers = handlersWith({
      ListUsers: async () => {
        running.resolve();
        await held.promise;
        return {};
      },
    });
    const limits = { bodyBytes: 1000, bodiesInFlightBytes: 300 };
    const app = serverWith({ limits }, { handlers });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    expect(await chunkedCall(port, 100)).toBe(200);
    // One request always fits, up to its own limit.
    expect(await chunkedCall(port, 900)).toBe(200);
    expect(await chunkedCall(port, 1000)).toBe(413);

    const first = post(app, 'ListUsers');
    await running.promise;
    expect(await chunkedCall(port, 100)).toBe(200);
    expect(await chunkedCall(port, 900)).toBe(500);
    held.resolve();
    expect((await first).statusCode).toBe(200);
  });

  it('that is only announced takes no room from others', async () => {
    const app = serverWith({ limits: { bodyBytes: 1000, bodiesInFlightBytes: 1000 } });
    const entered = deferred();
    app.addHook('onRequest', async () => entered.resolve());
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const headers = { ...headersFor('ListFaces'), 'content-length': '1000' };
    const idle = request({ port, method: 'POST', headers });
    idle.on('error', () => undefined);
    idle.write('{');
    await entered.promise;
    expect((await post(app, 'ListFaces', `{"CollectionId":"${'c'.repeat(200)}"}`)).statusCode).toBe(
      200,
    );
    idle.destroy();
  });

  it('of a stranger is not parsed when it is large', async () => {
    const app = serverWith({}, { authentication: { credentials, regions: [] }, now: () => NOW_MS });
    const typeOf = async (body: string, operation = 'ListFaces') =>
      (await post(app, operation, body)).json<Record<string, string>>()['__type'];
    expect(await typeOf('[')).toBe('SerializationException');
    expect(await typeOf('['.repeat(100_000))).toBe('MissingAuthenticationTokenException');
    expect(await typeOf('['.repeat(100_000), 'Nonsense')).toBe('UnknownOperationException');
  });

  it('that no room is left for gets ThrottlingException, and the next one is served', async () => {
    const [running, held] = [deferred(), deferred()];
    const handlers = handlersWith({
      ListFaces: async () => {
        running.resolve();
        await held.promise;
        return {};
      },
    });
    const app = serverWith({ limits: { bodiesInFlightBytes: 30 } }, { handlers });
    const first = post(app, 'ListFaces');
    await running.promise;
    const second = await post(app, 'DescribeCollection');
    expect(second.statusCode).toBe(500);
    expect(second.json()).toMatchObject({ __type: 'ThrottlingException' });
    held.resolve();
    expect((await first).statusCode).toBe(200);
    expect((await post(app, 'DescribeCollection')).statusCode).toBe(200);
  });
});

const failing = async (): Promise<never> => {
  throw new Error('secret detail');
};

describe('requests in flight', () => {
  it('are bounded, also several on one connection; past it ThrottlingException', async () => {
    const [running, held] = [deferred(), deferred()];
    const handlers = handlersWith({
      ListUsers: async () => {
        running.resolve();
        await held.promise;
        return {};
      },
    });
    const app = serverWith({ limits: { requestsInFlight: 1 } }, { handlers });
    const first = post(app, 'ListUsers');
    await running.promise;
    const second = await post(app, 'ListFaces');
    expect([second.statusCode, second.json()]).toMatchObject([
      500,
      { __type: 'ThrottlingException', Message: expect.stringMatching(/\S/) as string },
    ]);
    expect((await app.inject('/health/live')).statusCode).toBe(200);
    held.resolve();
    expect((await first).statusCode).toBe(200);
    expect((await post(app, 'ListFaces')).statusCode).toBe(200);
  });
});

describe('for operators', () => {
  it('/health/live answers as long as the process does', async () => {
    const reply = await serverWith().inject('/health/live');
    expect([reply.statusCode, reply.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('/health/ready names what is not ready, without what is private', async () => {
    const checks = {
      store: async () => {
        throw new OperatorError('the disk is full: free some space');
      },
      vision: failing,
      vectors: async () => undefined,
    };
    const reply = await serverWith({ ready: checks }).inject('/health/ready');
    expect(reply.statusCode).toBe(503);
    expect(reply.json()).toEqual({
      status: 'not ready',
      reasons: { store: 'the disk is full: free some space', vision: 'failed' },
    });
    const good = await serverWith({ ready: { vectors: checks.vectors } }).inject('/health/ready');
    expect([good.statusCode, good.json()]).toEqual([200, { status: 'ready' }]);
  });

  it('/metrics gives the text it is given', async () => {
    const reply = await serverWith().inject('/metrics');
    expect([reply.statusCode, reply.body]).toEqual([200, 'up 1\n']);
    expect(reply.headers['content-type']).toBe('text/plain; version=0.0.4');
  });

  it('a fault of the server itself is logged and hidden', async () => {
    const logged: string[] = [];
    const app = serverWith({
      metrics: { contentType: 'text/plain', text: failing },
      log: { error: (_, line) => logged.push(line) },
    });
    const reply = await app.inject('/metrics');
    expect(reply.statusCode).toBe(500);
    expect(reply.body).not.toContain('secret');
    expect(logged).toEqual(['request failed']);
  });
});

describe('a listening server', () => {
  it('aborts the context of a caller that goes away', async () => {
    const given = deferred<RequestContext>();
    const handlers = handlersWith({
      ListFaces: async (_input, context) => {
        given.resolve(context);
        await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
        context.signal.throwIfAborted();
        return {};
      },
    });
    const logged: string[] = [];
    const log = { info: () => undefined, error: (_: object, text: string) => logged.push(text) };
    const ended = deferred<string>();
    const observer = {
      step: () => undefined,
      request: (_: string, code: string) => ended.resolve(code),
    };
    const app = serverWith({}, { handlers, log, observer });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as AddressInfo;
    const call = request({ port, method: 'POST', headers: headersFor('ListFaces') });
    call.on('error', () => undefined);
    call.end('{"CollectionId":"c"}');
    const { signal } = await given.promise;
    expect(signal.aborted).toBe(false);
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    call.destroy();
    await aborted;
    expect(await ended.promise).toBe('InternalServerError');
    // A handler that stops because nobody waits any more is no fault.
    expect(logged).toEqual([]);
  });

  it('keeps idle connections longer than clients do, and bounds headers and waiting', async () => {
    const app = serverWith();
    await app.listen({ port: 0, host: '127.0.0.1' });
    expect(app.server.keepAliveTimeout).toBeGreaterThan(60_000);
    expect(app.server.requestTimeout).toBeGreaterThan(0);
    expect(app.server.headersTimeout).toBeGreaterThan(0);
    expect(app.server.timeout).toBeGreaterThan(0);
    expect(app.server.maxConnections).toBeGreaterThan(0);
    const { port } = app.server.address() as AddressInfo;
    const status = await new Promise((resolve, reject) => {
      const call = request({ port, headers: { big: 'x'.repeat(20_000) } }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      });
      call.on('error', reject);
      call.end();
    });
    expect(status).toBe(431);
  });
});
