import type { AddressInfo } from 'node:net';
import { ApiError, type ErrorCode } from '../../src/errors.js';
import { OPERATIONS, type OperationName } from '../../src/model/operations.js';
import type { OperationModel } from '../../src/model/shapes.js';
import { serverWith } from '../http/support.js';
import { validValue } from '../protocol/probes.js';
import { handlersWith } from '../protocol/support.js';
import { type ClientKind, type Json, ServiceError } from './api-client.js';

/**
 * Lets handlers throw each error their operation declares, and gives those of which the client makes
 * something else: most of them cannot be brought about at will in a service that works.
 */
export async function wrongErrors(
  { open }: ClientKind,
  passed: (operation: OperationName, errors: readonly string[]) => void,
): Promise<string[]> {
  let next: ErrorCode = 'InternalServerError';
  const fail = async (): Promise<never> => {
    throw new ApiError(next, `why ${next}`);
  };
  const wrong: string[] = [];
  const names = Object.keys(OPERATIONS) as OperationName[];
  const handlers = handlersWith(Object.fromEntries(names.map((operation) => [operation, fail])));
  const app = serverWith({}, { handlers });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const client = open({ endpoint: `http://127.0.0.1:${port}`, signed: false });
  for (const operation of names) {
    const { input, errors }: OperationModel = OPERATIONS[operation];
    for (const code of errors) {
      next = code as ErrorCode;
      const error = await client
        .call(operation, validValue(input) as Json)
        .catch((thrown: unknown) => thrown);
      const shown = error instanceof ServiceError && error.modelled && error.code === code;
      if (!shown || error.message !== `why ${code}`)
        wrong.push(`${operation} ${code}: ${String(error)}`);
    }
    passed(operation, errors);
  }
  await client.close();
  return wrong;
}
