import { resolve } from 'node:path';
import { OPERATIONS, type OperationName } from '../../model/operations.js';
import type { OperationModel } from '../../model/shapes.js';
import { expandPath } from '../arguments/parameter-file.js';
import { type Log, noLog } from '../debug-log.js';
import { CommandError } from '../errors.js';
import { type GlobalOptions, timeoutMs } from '../global-options.js';
import type { Io } from '../io.js';
import { jsonLine } from '../python/json-writer.js';
import { textRepr } from '../python/repr.js';
import type { Dict } from '../python/value.js';
import { findKeys, type Keys, localKeys } from './credentials.js';
import { proxyFor } from './proxy.js';
import { type HttpReply, parseReply } from './reply.js';
import { sendWithRetries } from './retry.js';
import { fetchPage, type Target } from './send.js';
import {
  endpointOf,
  maxAttemptsOf,
  regionOf,
  type Settings,
  timestampFormatOf,
} from './settings.js';
import { toWire, validateParameters } from './validate.js';

/** A service that operations can be called on. */
export interface Service {
  /** Where it is called. */
  readonly endpoint: string;
  /** Checks the parameters of an operation without calling it. */
  check(operation: OperationName, parameters: Dict): void;
  call(operation: OperationName, parameters: Dict): Promise<Dict>;
  /**
   * What keeps the service from serving, by its own word (`GET /health/ready`): part and reason. None where it
   * is ready, or where there is no such page, as at Amazon.
   */
  notReady(): Promise<Readonly<Record<string, string>>>;
  /** A number among its metrics (`GET /metrics`); undefined where there is none of this name, or no such page. */
  metric(name: string): Promise<number | undefined>;
}

export interface ServiceOptions {
  readonly globals: GlobalOptions;
  readonly settings: Settings;
  readonly io: Io;
  /** Nothing is assumed of a service on this machine. */
  readonly strict: boolean;
  /** How often a request is tried, where the settings do not decide it. */
  readonly maxAttempts?: number;
  /** For `--debug`. */
  readonly log?: Log;
}

const REGION = /^(?![0-9]+$)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)$/;
/** Where the service on this machine listens unless it is told otherwise. */
const LOCAL = { host: '127.0.0.1', port: '8642', region: 'us-east-1' } as const;

/**
 * Finds out where to call and with which keys: options, then environment, then profile; what is left open
 * is the service on this machine, its region and its keys. Strict leaves nothing open: no region and no
 * keys are errors, and the endpoint is Amazon's.
 */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { globals, settings, io, strict, log = noLog } = options;
  const region = requireRegion(options);
  const { env } = io;
  const maxAttempts = options.maxAttempts ?? maxAttemptsOf(settings);
  // The AWS CLI looks for keys also where it does not sign.
  const found = await keysOf(options);
  const keys = globals.sign ? found : undefined;
  const endpoint = globals.endpointUrl ?? endpointOf(settings) ?? defaultEndpoint(region, options);
  const url = readUrl(endpoint);
  const limits = targetOf(options);
  log('botocore.endpoint', `Setting rekognition timeout as ${shownTimeouts(globals)}`);
  log('botocore.regions', `Endpoint provider result: ${url.href}`);
  const wireTimestamps = timestampFormatOf(settings) === 'wire';
  const targetAt = (): Target => ({
    ...limits,
    url: requireHttp(url),
    region,
    keys,
    proxy: proxyFor(url, env),
    log,
  });
  return {
    endpoint: url.href,
    notReady: async () => reasonsOf(await fetchPage(targetAt(), '/health/ready')),
    metric: async (name) => metricOf(await fetchPage(targetAt(), '/metrics'), name),
    check: (operation, parameters) => validateParameters(parameters, OPERATIONS[operation].input),
    call: async (operation, parameters) => {
      const model: OperationModel = OPERATIONS[operation];
      validateParameters(parameters, model.input);
      if (globals.sign && !keys && strict)
        throw new CommandError(
          'Unable to locate credentials. You can configure credentials by running "aws login".',
          'NoCredentials',
        );
      const body = jsonLine(toWire(parameters, model.input));
      const target = targetAt();
      log(
        'botocore.endpoint',
        `Making request for OperationModel(name=${operation}) with params: {'method': 'POST', 'url': ${textRepr(target.url.href)}, 'body': ${textRepr(body)}}`,
      );
      const reply = await sendWithRetries(target, operation, body, {
        maxAttempts,
        sleep: (ms) => io.sleep(ms),
      });
      return parseReply(reply, model.output, { wireTimestamps });
    },
  };
}

function requireRegion({ globals, settings, io, strict }: ServiceOptions): string {
  settings.requireProfile();
  const asked = globals.region ?? regionOf(settings);
  const region = strict ? asked : asked || io.env['LIKENESS_REGION'] || LOCAL.region;
  if (region === undefined)
    throw new CommandError(
      'You must specify a region. You can also configure your region by running "aws configure".',
      'NoRegion',
    );
  // An empty region is taken: it is signed for, and no endpoint can be made of it.
  if (region !== '' && !REGION.test(region))
    throw new CommandError(`Provided region_name '${region}' doesn't match a supported format.`);
  return region;
}

async function keysOf({
  globals,
  settings,
  io,
  strict,
  log = noLog,
}: ServiceOptions): Promise<Keys | undefined> {
  const keys = await findKeys(settings, globals.profile, log);
  return keys ?? (strict ? undefined : localKeys(io.env));
}

/** Seconds, as Python shows a pair of them. */
const shownTimeouts = ({ connectTimeout, readTimeout }: GlobalOptions): string =>
  `(${[connectTimeout, readTimeout].map((seconds) => (seconds === 0n ? 'None' : seconds)).join(', ')})`;

const hasReasons = (value: unknown): value is { reasons: Record<string, unknown> } =>
  typeof value === 'object' && value !== null && 'reasons' in value;

/** The reasons in an answer to `GET /health/ready`. */
function reasonsOf({ status, body }: HttpReply): Record<string, string> {
  if (status !== 503) return {};
  try {
    const answer: unknown = JSON.parse(body);
    if (hasReasons(answer))
      return Object.fromEntries(
        Object.entries(answer.reasons).map(([part, reason]) => [part, String(reason)]),
      );
  } catch {
    // Something before the service answered.
  }
  return { service: `HTTP ${status}` };
}

function metricOf({ status, body }: HttpReply, name: string): number | undefined {
  if (status !== 200) return undefined;
  const line = body.split('\n').find((each) => each.startsWith(`${name} `));
  const value = Number(line?.slice(name.length + 1));
  return Number.isFinite(value) ? value : undefined;
}

function targetOf({
  globals,
  settings,
  io,
}: ServiceOptions): Pick<Target, 'verifyTls' | 'caBundle' | 'connectTimeoutMs' | 'readTimeoutMs'> {
  const { env } = io;
  const caBundle =
    globals.caBundle ??
    env['AWS_CA_BUNDLE'] ??
    settings.profile['ca_bundle'] ??
    env['REQUESTS_CA_BUNDLE'];
  return {
    verifyTls: globals.verifyTls,
    caBundle: caBundle === undefined ? undefined : resolve(io.cwd, expandPath(caBundle, env)),
    connectTimeoutMs: timeoutMs(globals.connectTimeout, 'connect'),
    readTimeoutMs: timeoutMs(globals.readTimeout, 'read'),
  };
}

function defaultEndpoint(region: string, { io, strict }: ServiceOptions): string {
  if (strict) {
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return `https://rekognition.${region}.${suffix}`;
  }
  const { env } = io;
  const host = env['LIKENESS_HOST'];
  const reachable = !host || host === '0.0.0.0' || host === '::' ? LOCAL.host : host;
  return (
    env['LIKENESS_ENDPOINT'] ||
    `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${env['LIKENESS_PORT'] || LOCAL.port}`
  );
}

const HIGHEST_PORT = 65_535;

function readUrl(endpoint: string): URL {
  const port = /^[a-z]+:\/\/[^/?#]*:(\d+)(?:[/?#]|$)/i.exec(endpoint)?.[1];
  if (port !== undefined && Number(port) > HIGHEST_PORT)
    throw new CommandError(`Port out of range 0-${HIGHEST_PORT}`);
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || url.hostname === '' || url.hostname.includes('..'))
    throw new CommandError(`Invalid endpoint: ${endpoint}`);
  return url;
}

function requireHttp(url: URL): URL {
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw new CommandError(
    `An HTTP Client raised an unhandled exception: Not supported URL scheme ${url.protocol.slice(0, -1)}`,
  );
}
