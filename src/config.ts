import { join, resolve } from 'node:path';
import { OperatorError } from './errors.js';

type Parse<T> = (text: string) => T;

interface Setting<T> {
  /** Environment names, the first one present wins. */
  env: readonly string[];
  parse: Parse<T>;
  default: T;
  help: string;
}

const text: Parse<string> = (value) => value;
const list: Parse<readonly string[]> = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
const nonEmptyList: Parse<readonly string[]> = (value) => {
  const items = list(value);
  if (items.length === 0 || new Set(items).size < items.length)
    throw new Error('expected names, each once, separated by commas');
  return items;
};
const matching =
  (pattern: RegExp, expected: string): Parse<string> =>
  (value) => {
    if (!pattern.test(value)) throw new Error(`expected ${expected}`);
    return value;
  };
const integer =
  (min: number, max: number): Parse<number> =>
  (value) => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isInteger(number) || number < min || number > max)
      throw new Error(`expected a whole number from ${min} to ${max}`);
    return number;
  };
const oneOf =
  <const V extends readonly string[]>(...values: V): Parse<V[number]> =>
  (value) => {
    if (!values.includes(value)) throw new Error(`expected one of ${values.join(', ')}`);
    return value;
  };
/** A web address of a server, without user, query or fragment. */
const serverUrl: Parse<string> = (value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const plain = url && url.username + url.password + url.search + url.hash === '';
  if (!plain || !/^https?:$/.test(url.protocol))
    throw new Error('expected an address such as https://s3.example.com:9000');
  return url.href;
};
const setting = <T>(
  env: string | readonly string[],
  parse: Parse<T>,
  fallback: T,
  help: string,
): Setting<T> => ({ env: typeof env === 'string' ? [env] : env, parse, default: fallback, help });

/** Every setting of the service. The only place where the environment is named. */
export const SETTINGS = {
  host: setting(
    'LIKENESS_HOST',
    text,
    '127.0.0.1',
    'address to listen on; beyond loopback only with keys',
  ),
  port: setting('LIKENESS_PORT', integer(0, 65_535), 8642, 'port to listen on; 0 takes a free one'),
  dataDirectory: setting('LIKENESS_DATA', text, './likeness-data', 'where everything is kept'),
  region: setting(
    ['LIKENESS_REGION', 'AWS_REGION'],
    matching(/^[a-z0-9-]{1,64}$/, 'a region name such as us-east-1'),
    'us-east-1',
    'region in ARNs',
  ),
  accountId: setting(
    'LIKENESS_ACCOUNT_ID',
    matching(/^\d{12}$/, '12 digits'),
    '000000000000',
    'account in ARNs',
  ),
  acceptedRegions: setting(
    'LIKENESS_ACCEPTED_REGIONS',
    list,
    [],
    'regions a signature may name, comma separated; empty: any',
  ),
  accessKeyId: setting(
    'AWS_ACCESS_KEY_ID',
    text,
    '',
    'key that requests must be signed with; it may do everything',
  ),
  secretAccessKey: setting('AWS_SECRET_ACCESS_KEY', text, '', 'its secret'),
  sessionToken: setting(
    'AWS_SESSION_TOKEN',
    text,
    '',
    'session token that goes with the key, if any',
  ),
  keysFile: setting(
    'LIKENESS_KEYS_FILE',
    text,
    '',
    'file with more keys and with policies, made by `likeness keys`; changes count at once',
  ),
  masterKeyFile: setting(
    'LIKENESS_MASTER_KEY_FILE',
    text,
    '',
    'file with the key under which the secrets in the keys file are encrypted, and crops of faces',
  ),
  tlsCertificate: setting(
    'LIKENESS_TLS_CERTIFICATE',
    text,
    '',
    'PEM file with the certificate and its chain; set: HTTPS only. Followed like the next two: new files count at once',
  ),
  tlsKey: setting('LIKENESS_TLS_KEY', text, '', "PEM file with the certificate's private key"),
  tlsClientCa: setting(
    'LIKENESS_TLS_CLIENT_CA',
    text,
    '',
    'PEM file with authorities; set: clients must show a certificate of one of them (mutual TLS)',
  ),
  replaySignatures: setting(
    'LIKENESS_REPLAY_SIGNATURES',
    integer(0, 10_000_000),
    0,
    'signatures of changes remembered, so that none counts twice within its five minutes; past it ThrottlingException; 0, as in AWS: equal calls of one second all count',
  ),
  readRate: setting(
    'LIKENESS_READ_RATE',
    integer(0, 1_000_000),
    0,
    'calls a second of one principal that describe, list or search by id; past it ProvisionedThroughputExceededException; 0: no limit',
  ),
  writeRate: setting(
    'LIKENESS_WRITE_RATE',
    integer(0, 1_000_000),
    0,
    'the same for calls that change something without a photo',
  ),
  imageRate: setting(
    'LIKENESS_IMAGE_RATE',
    integer(0, 1_000_000),
    0,
    'the same for calls with a photo',
  ),
  connections: setting(
    'LIKENESS_CONNECTIONS',
    integer(1, 1_000_000),
    4096,
    'connections open at a time; more are closed at once',
  ),
  requestsInFlight: setting(
    'LIKENESS_REQUESTS_IN_FLIGHT',
    integer(1, 1_000_000),
    8192,
    'requests read or served at a time; past it ThrottlingException',
  ),
  bodiesMib: setting(
    'LIKENESS_BODIES_MIB',
    integer(16, 1_000_000),
    512,
    'MiB that the bodies of requests in flight may hold together; past it ThrottlingException',
  ),
  requestTimeoutMs: setting(
    'LIKENESS_REQUEST_TIMEOUT_MS',
    integer(1000, 3_600_000),
    120_000,
    'time a caller has to send a whole request',
  ),
  corsOrigins: setting(
    'LIKENESS_CORS_ORIGINS',
    list,
    [],
    'web origins that may call the API, comma separated',
  ),
  logLevel: setting(
    'LIKENESS_LOG_LEVEL',
    oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    'info',
    'least severe log line written',
  ),
  runtime: setting(
    'LIKENESS_RUNTIME',
    oneOf(
      'auto',
      'onnxruntime-cuda',
      'onnxruntime-webgpu',
      'tfjs-node-gpu',
      'tfjs-webgpu',
      'onnxruntime',
      'tfjs-node',
      'tfjs-wasm',
    ),
    'auto',
    'what computes the nets; auto: the fastest that gives the recorded numbers',
  ),
  models: setting(
    'LIKENESS_MODEL',
    nonEmptyList,
    ['dlib-cohort', 'dlib-resnet'],
    'embedding model, by its name in `likeness models list`; several, comma separated: new collections get the first, those of the others work too',
  ),
  modelsDirectory: setting(
    'LIKENESS_MODEL_DIRECTORY',
    text,
    '',
    'where added models lie; empty: `models` in the data directory',
  ),
  visionWorkers: setting(
    'LIKENESS_VISION_WORKERS',
    integer(0, 256),
    0,
    'inference processes, around a GPU threads; 0: one for each core',
  ),
  visionMemoryMb: setting(
    'LIKENESS_VISION_MEMORY_MB',
    integer(128, 65_536),
    400,
    'an inference process that holds more than this (around a GPU: for each of its threads) after a photo is replaced by a fresh one',
  ),
  visionQueue: setting(
    'LIKENESS_VISION_QUEUE',
    integer(1, 10_000),
    64,
    'photos that may wait for inference; past it ThrottlingException',
  ),
  imageTimeoutMs: setting(
    'LIKENESS_IMAGE_TIMEOUT_MS',
    integer(1, 600_000),
    20_000,
    'time limit for one photo',
  ),
  imagePixels: setting(
    'LIKENESS_IMAGE_PIXELS',
    integer(6_400, 268_000_000),
    50_000_000,
    'largest photo, width × height',
  ),
  s3Endpoint: setting(
    'LIKENESS_S3_ENDPOINT',
    serverUrl,
    '',
    'S3-compatible store that S3Object images are read from, and the only one; empty: none',
  ),
  s3Region: setting('LIKENESS_S3_REGION', text, 'us-east-1', "the store's region"),
  s3AccessKeyId: setting(
    'LIKENESS_S3_ACCESS_KEY_ID',
    text,
    '',
    'key to read with; without one requests are not signed',
  ),
  s3SecretAccessKey: setting('LIKENESS_S3_SECRET_ACCESS_KEY', text, '', 'its secret'),
  s3PathStyle: setting(
    'LIKENESS_S3_PATH_STYLE',
    oneOf('true', 'false'),
    'true',
    'true: bucket in the path; false: in the host name',
  ),
  s3Buckets: setting(
    'LIKENESS_S3_BUCKETS',
    list,
    [],
    'buckets that may be read, comma separated; empty: all the key can',
  ),
  s3TimeoutMs: setting(
    'LIKENESS_S3_TIMEOUT_MS',
    integer(1, 600_000),
    10_000,
    'time limit for reading one object',
  ),
  vectorEngine: setting(
    'LIKENESS_VECTOR_ENGINE',
    oneOf('auto', 'flat', 'hnsw', 'hnswlib'),
    'auto',
    'auto: flat (exact scan) for small collections, HNSW above',
  ),
  flatFaces: setting(
    'LIKENESS_FLAT_FACES',
    integer(0, 100_000_000),
    32_000,
    'faces of a collection up to which a search scans exactly',
  ),
  flatUsers: setting('LIKENESS_FLAT_USERS', integer(0, 100_000_000), 100_000, 'the same for users'),
  faceCrops: setting(
    'LIKENESS_FACE_CROPS',
    oneOf('on', 'off'),
    'off',
    'on: a crop of each face taken in is kept, encrypted under the master key, for a move to another model without photos',
  ),
  snapshots: setting(
    'LIKENESS_SNAPSHOTS',
    oneOf('on', 'off'),
    'on',
    'on: search indexes are kept in files, so that a start need not build them anew',
  ),
  vectorMemory: setting(
    'LIKENESS_VECTOR_MEMORY',
    oneOf('ram', 'mapped'),
    'ram',
    'mapped: vectors lie in files, for collections larger than the memory; their codes and links do not',
  ),
  firstBatch: setting(
    'LIKENESS_ASSOCIATION_FIRST_BATCH',
    oneOf('all', 'consistent'),
    'all',
    "a user's first faces: all are taken, or they must agree with each other",
  ),
  idempotencyHours: setting(
    'LIKENESS_IDEMPOTENCY_HOURS',
    integer(1, 720),
    24,
    'how long a ClientRequestToken is remembered',
  ),
  facesPerCollection: setting(
    'LIKENESS_FACES_PER_COLLECTION',
    integer(1, 1_000_000_000),
    20_000_000,
    'quota',
  ),
  usersPerCollection: setting(
    'LIKENESS_USERS_PER_COLLECTION',
    integer(1, 1_000_000_000),
    10_000_000,
    'quota',
  ),
  collections: setting('LIKENESS_COLLECTIONS', integer(1, 1_000_000), 10_000, 'quota'),
  tagsPerCollection: setting('LIKENESS_TAGS_PER_COLLECTION', integer(0, 200), 50, 'quota'),
  shutdownTimeoutMs: setting(
    'LIKENESS_SHUTDOWN_TIMEOUT_MS',
    integer(0, 600_000),
    30_000,
    'how long a shutdown waits for accepted requests',
  ),
} as const;

type Settings = typeof SETTINGS;

/** The parsed settings, frozen. */
export type Config = {
  readonly [K in keyof Settings]: Settings[K] extends Setting<infer T> ? T : never;
};

/** Reads all settings once. Every fault is reported in one OperatorError. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const entries = Object.entries(SETTINGS).map(
    ([name, { env: names, parse, default: fallback }]) => {
      const found = names.find((key) => env[key] !== undefined && env[key] !== '');
      const value = found === undefined ? undefined : env[found];
      if (found === undefined || value === undefined) return [name, fallback];
      try {
        return [name, parse(value)];
      } catch (error) {
        const shown = /SECRET|TOKEN/.test(found) ? '' : `, got ${JSON.stringify(value)}`;
        faults.push(`${found}: ${(error as Error).message}${shown}`);
        return [name, fallback];
      }
    },
  );
  const config = Object.freeze(Object.fromEntries(entries) as Config);
  if ((config.accessKeyId === '') !== (config.secretAccessKey === ''))
    faults.push('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set both or neither');
  if (config.faceCrops === 'on' && config.masterKeyFile === '')
    faults.push(
      'LIKENESS_FACE_CROPS=on needs LIKENESS_MASTER_KEY_FILE: make the file with `openssl rand -base64 32`, mode 0600',
    );
  else if ((config.keysFile === '') !== (config.masterKeyFile === '') && config.faceCrops === 'off')
    faults.push('LIKENESS_KEYS_FILE and LIKENESS_MASTER_KEY_FILE: set both or neither');
  if ((config.tlsCertificate === '') !== (config.tlsKey === ''))
    faults.push('LIKENESS_TLS_CERTIFICATE and LIKENESS_TLS_KEY: set both or neither');
  if (config.tlsClientCa !== '' && config.tlsCertificate === '')
    faults.push('LIKENESS_TLS_CLIENT_CA needs LIKENESS_TLS_CERTIFICATE and LIKENESS_TLS_KEY');
  if ((config.s3AccessKeyId === '') !== (config.s3SecretAccessKey === ''))
    faults.push('LIKENESS_S3_ACCESS_KEY_ID and LIKENESS_S3_SECRET_ACCESS_KEY: set both or neither');
  if (faults.length > 0) throw new OperatorError(`Settings: ${faults.join('; ')}`);
  return config;
}

/** Where added models lie. */
export const modelsDirectoryOf = ({ modelsDirectory, dataDirectory }: Config): string =>
  resolve(modelsDirectory || join(dataDirectory, 'models'));

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

/** True for an address that only this machine can reach. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
