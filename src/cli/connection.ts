import { OperatorError } from '../errors.js';
import { openService, type Service } from './client/service.js';
import { readSettings } from './client/settings.js';
import { CommandError } from './errors.js';
import type { GlobalOptions } from './global-options.js';
import type { Io } from './io.js';

/** Options of a command that calls the service, as node:util parses them. */
export const CONNECTION_OPTIONS = {
  'endpoint-url': { type: 'string' },
  profile: { type: 'string' },
  region: { type: 'string' },
} as const;

type Values = { readonly [K in keyof typeof CONNECTION_OPTIONS]?: string | undefined };

/** A service found as the operations find it, for a command of the operator. */
export async function connect(
  values: Values,
  io: Io,
  { maxAttempts }: { maxAttempts?: number } = {},
): Promise<Service> {
  const globals: GlobalOptions = {
    debug: false,
    endpointUrl: values['endpoint-url'],
    verifyTls: true,
    paginate: true,
    output: undefined,
    query: undefined,
    profile: values.profile,
    region: values.region,
    color: 'auto',
    sign: true,
    caBundle: undefined,
    readTimeout: 120n,
    connectTimeout: 10n,
    binaryFormat: undefined,
    pager: false,
    errorFormat: undefined,
  };
  try {
    const settings = readSettings(io, values.profile);
    return await openService({
      globals,
      settings,
      io,
      strict: false,
      ...(maxAttempts !== undefined && { maxAttempts }),
    });
  } catch (error) {
    throw operatorError(error);
  }
}

/** A fault of a call as a line for the operator. */
export function operatorError(error: unknown): unknown {
  if (!(error instanceof CommandError)) return error;
  const remedy = error.message.startsWith('Could not connect')
    ? ': start it with `likeness serve`, or name another with --endpoint-url'
    : '';
  return new OperatorError(`${error.message}${remedy}`, { cause: error });
}
