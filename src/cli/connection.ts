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
  { maxAttempts, readTimeout = 120n }: { maxAttempts?: number; readTimeout?: bigint } = {},
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
    readTimeout,
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

/** What to do about faults that tell little by themselves, by how their text begins or what it contains. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^Could not connect/, 'start it with `likeness serve`, or name another with --endpoint-url'],
  [
    /MissingAuthenticationToken/,
    'it takes signed requests only: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or LIKENESS_KEYS_FILE and LIKENESS_MASTER_KEY_FILE as the service has them',
  ],
  [
    /UnrecognizedClient|InvalidSignature/,
    'it does not know these keys: `likeness keys list` beside it lists those it knows',
  ],
  [/^SSL validation failed/, 'AWS_CA_BUNDLE names the authority to trust'],
  [/^Connection was closed before/, 'a service with a certificate is called by https://'],
];

/** A fault of a call as a line for the operator. */
export function operatorError(error: unknown): unknown {
  if (!(error instanceof CommandError)) return error;
  const [, remedy] = REMEDIES.find(([pattern]) => pattern.test(error.message)) ?? [];
  const text = error.message.replace(/\.$/, '');
  return new OperatorError(remedy === undefined ? error.message : `${text}: ${remedy}`, {
    cause: error,
  });
}
