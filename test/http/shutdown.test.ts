import { Agent, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { handlersWith } from '../protocol/support.js';
import { deferred, headersFor, serverWith } from './support.js';

interface Reply {
  status: number | undefined;
  connection: string | undefined;
  body: string;
}

/** A call over a kept connection. */
async function call(port: number, agent: Agent, operation: string): Promise<Reply> {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = { port, agent, method: 'POST', headers: headersFor(operation) };
    request(options, resolve).on('error', reject).end('{"CollectionId":"c"}');
  });
  return {
    status: reply.statusCode,
    connection: reply.headers.connection,
    body: await text(reply),
  };
}

it('finishes what was accepted and turns away what comes after', async () => {
  const [running, held, closing, goOn] = [deferred(), deferred(), deferred(), deferred()];
  const handlers = handlersWith({
    ListFaces: async () => {
      running.resolve();
      await held.promise;
      return { Faces: [] };
    },
    DeleteCollection: async () => ({ StatusCode: 200 }),
  });
  const app = serverWith({}, { handlers });
  // Runs after the server's own hook: from here on it turns calls away, and still listens.
  app.addHook('preClose', async () => {
    closing.resolve();
    await goOn.promise;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });

  const before = await call(port, agent, 'DeleteCollection');
  expect(before).toEqual({ status: 200, connection: 'keep-alive', body: '{"StatusCode":200}' });

  const accepted = call(port, agent, 'ListFaces');
  await running.promise;
  const closed = app.close();
  await closing.promise;

  const late = await call(port, agent, 'DeleteCollection');
  expect(late).toMatchObject({ status: 503, connection: 'close' });
  expect(JSON.parse(late.body)).toMatchObject({
    __type: 'ThrottlingException',
    Message: 'Service Unavailable',
  });

  goOn.resolve();
  held.resolve();
  expect(await accepted).toEqual({ status: 200, connection: 'close', body: '{"Faces":[]}' });
  await closed;
  await expect(call(port, agent, 'DeleteCollection')).rejects.toThrow(/ECONNREFUSED/);
  agent.destroy();
});
