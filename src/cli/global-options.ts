import type { Parsed } from './arguments/argparse.js';
import type { OutputFormat } from './arguments/options.js';
import { CommandError, parameterError } from './errors.js';
import { integerOrError } from './python/numbers.js';
import { compileQuery, type Query } from './query/evaluate.js';
import { QueryError } from './query/lexer.js';

/** The options before and behind every operation, read and checked. */
export interface GlobalOptions {
  readonly debug: boolean;
  readonly endpointUrl: string | undefined;
  readonly verifyTls: boolean;
  readonly paginate: boolean;
  readonly output: OutputFormat | undefined;
  readonly query: Query | undefined;
  readonly profile: string | undefined;
  readonly region: string | undefined;
  readonly color: 'on' | 'off' | 'auto';
  readonly sign: boolean;
  readonly caBundle: string | undefined;
  /** Seconds; 0 for ever. */
  readonly readTimeout: bigint;
  readonly connectTimeout: bigint;
  readonly binaryFormat: 'base64' | 'raw-in-base64-out' | undefined;
  readonly pager: boolean;
  readonly errorFormat: string | undefined;
}

const DEFAULT_TIMEOUT = '60';

/** Throws the first fault in the AWS CLI's order: query, endpoint, timeouts. */
export function readGlobalOptions({ values }: Parsed): GlobalOptions {
  const text = (key: string): string | undefined => values.get(key) as string | undefined;
  const query = text('query');
  const endpointUrl = text('endpoint-url');
  return {
    debug: values.get('debug') === true,
    query: query === undefined ? undefined : readQuery(query),
    endpointUrl: endpointUrl === undefined ? undefined : requireScheme(endpointUrl),
    verifyTls: values.get('verify-ssl') !== false,
    paginate: values.get('paginate') !== false,
    output: text('output') as OutputFormat | undefined,
    // An empty name is no name.
    profile: text('profile') || undefined,
    region: text('region'),
    color: (text('color') ?? 'auto') as GlobalOptions['color'],
    sign: values.get('sign-request') !== false,
    caBundle: text('ca-bundle'),
    readTimeout: integerOrError(text('cli-read-timeout') ?? DEFAULT_TIMEOUT),
    connectTimeout: integerOrError(text('cli-connect-timeout') ?? DEFAULT_TIMEOUT),
    binaryFormat: text('cli-binary-format') as GlobalOptions['binaryFormat'],
    pager: values.get('no-cli-pager') !== true,
    errorFormat: text('cli-error-format'),
  };
}

function readQuery(expression: string): Query {
  try {
    return compileQuery(expression);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    throw parameterError(`Bad value for --query ${expression}: ${error.message}`);
  }
}

function requireScheme(given: string): string {
  // Python's urlsplit begins behind blanks.
  const url = given.trimStart();
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(url)) return url;
  throw parameterError(
    `Bad value for --endpoint-url "${given}": scheme is missing.  Must be of the form http://<hostname>/ or https://<hostname>/`,
  );
}

/** Milliseconds of a timeout; undefined: for ever. Throws for one below zero, as Python's urllib3. */
export function timeoutMs(seconds: bigint, name: 'read' | 'connect'): number | undefined {
  if (seconds < 0n)
    throw new CommandError(
      `Attempted to set ${name} timeout to ${seconds}, but the timeout cannot be set to a value less than or equal to 0.`,
    );
  return seconds === 0n ? undefined : Number(seconds) * 1000;
}
