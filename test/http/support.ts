import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { onTestFinished } from 'vitest';
import { createServer, type ServerOptions } from '../../src/http/server.js';
import type { DispatchOptions } from '../../src/protocol/dispatch.js';
import { dispatchWith, silent } from '../protocol/support.js';

/** A server over stub handlers, closed when the test ends. */
export function serverWith(
  options: Partial<ServerOptions> = {},
  dispatch: Partial<DispatchOptions> = {},
): FastifyInstance {
  const app = createServer({
    dispatch: dispatchWith(dispatch),
    ready: {},
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'up 1\n' },
    corsOrigins: [],
    refuseForeignOrigins: true,
    log: silent,
    ...options,
  });
  onTestFinished(() => app.close());
  return app;
}

export const JSON_1_1 = 'application/x-amz-json-1.1';
export const target = (operation: string) => ({
  'x-amz-target': `RekognitionService.${operation}`,
});
export const headersFor = (operation: string) => ({
  'content-type': JSON_1_1,
  ...target(operation),
});

/** Posts a body to an operation without a socket. */
export const post = (
  app: FastifyInstance,
  operation: string,
  payload: string = '{"CollectionId":"c"}',
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> =>
  app.inject({
    method: 'POST',
    url: '/',
    headers: { ...headersFor(operation), ...headers },
    payload,
  });

/** A promise and the function that fulfils it. */
export function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
