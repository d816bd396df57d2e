import { addAbortSignal, type Readable } from 'node:stream';
import type {
  GetObjectCommandOutput,
  ListObjectsV2CommandOutput,
  S3Client,
  S3ClientConfig,
} from '@aws-sdk/client-s3';
import { ApiError } from '../errors.js';
import { ByteBudget, type Share } from './byte-budget.js';
import type { ObjectAddress, Objects } from './objects.js';
import { refusalOf, unreadable } from './s3-refusals.js';

/** The one object store that is ever contacted. */
export interface S3Settings {
  /** Such as `https://s3.eu-west-1.amazonaws.com` or `http://127.0.0.1:9000`. */
  endpoint: string;
  region: string;
  /** Requests are not signed without: public buckets only. */
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** True: the bucket in the path; false: in the host name, which needs a DNS entry for each. */
  pathStyle: boolean;
  /** Buckets that may be read; empty: every one the credentials can. */
  buckets: readonly string[];
  /** For one whole read, retries included. */
  timeoutMs: number;
  /** Told what an operator has to see to. */
  log: (message: string, details: object) => void;
}

/** AWS: 15 MB for an image in S3 (developer guide, "Guidelines and quotas"). */
const MAX_OBJECT_BYTES = 15 * 1024 * 1024;

/** Objects held in memory together, and requests that wait for room. */
const MAX_HELD_BYTES = 20 * MAX_OBJECT_BYTES;
const MAX_WAITING = 256;

/** A request that fails for a passing reason is sent again, within the time limit. */
const MAX_ATTEMPTS = 3;

/** The answer where no object store is configured. */
export const NO_OBJECTS: Objects = {
  withObject: () => Promise.reject(unreadable()),
  names: () => {
    throw unreadable();
  },
  close: () => {},
};

/** Photos in an S3-compatible store. Its client is loaded at the first read. */
export function createS3Objects(settings: S3Settings): Objects {
  const budget = new ByteBudget(MAX_HELD_BYTES, MAX_WAITING);
  let client: Promise<Reader> | undefined;
  return {
    async withObject(address, signal, use) {
      checkAddress(address, settings.buckets);
      const share = await budget.take(MAX_OBJECT_BYTES, signal);
      try {
        client ??= openReader(settings);
        const bytes = await read(await client, { address, signal, share, settings });
        share.shrink(bytes.length);
        return await use(bytes);
      } finally {
        share.release();
      }
    },
    async *names(bucket, prefix, signal) {
      checkAddress({ bucket, name: prefix }, settings.buckets);
      client ??= openReader(settings);
      yield* names(await client, { bucket, name: prefix }, signal, settings);
    },
    close: () => {
      void client?.then((reader) => reader.destroy());
    },
  };
}

/** A key with a dot segment could name another bucket once something on the way has tidied up the path. */
const DOT_SEGMENT = /(^|\/)\.{1,2}(\/|$)/;

function checkAddress({ bucket, name }: ObjectAddress, allowed: readonly string[]): void {
  if (allowed.length > 0 && !allowed.includes(bucket)) throw unreadable();
  if (DOT_SEGMENT.test(bucket) || DOT_SEGMENT.test(name)) throw unreadable();
}

interface Reader {
  get(address: ObjectAddress, signal: AbortSignal): Promise<GetObjectCommandOutput>;
  /** A page of the names that begin with that of `address`. */
  list(
    address: ObjectAddress,
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput>;
  destroy(): void;
}

async function openReader(settings: S3Settings): Promise<Reader> {
  const { GetObjectCommand, ListObjectsV2Command, S3Client } = await import('@aws-sdk/client-s3');
  const client = new S3Client(clientConfig(settings));
  holdToEndpoint(client, settings);
  return {
    get: ({ bucket, name, version }, signal) =>
      client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: name,
          ...(version !== undefined && { VersionId: version }),
        }),
        { abortSignal: signal },
      ),
    list: ({ bucket, name }, after, signal) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: name,
          ...(after !== undefined && { ContinuationToken: after }),
        }),
        { abortSignal: signal },
      ),
    destroy: () => client.destroy(),
  };
}

/** Everything the SDK would otherwise look for in environment, files or the network is said here. */
const clientConfig = (settings: S3Settings): S3ClientConfig => ({
  endpoint: settings.endpoint,
  region: settings.region,
  forcePathStyle: settings.pathStyle,
  maxAttempts: MAX_ATTEMPTS,
  retryMode: 'standard',
  followRegionRedirects: false,
  disableS3ExpressSessionAuth: true,
  useAccelerateEndpoint: false,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  useArnRegion: false,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
  requestHandler: {
    connectionTimeout: settings.timeoutMs,
    requestTimeout: settings.timeoutMs,
    throwOnRequestTimeout: true,
  },
  ...(settings.credentials
    ? { credentials: settings.credentials }
    : {
        credentials: { accessKeyId: '', secretAccessKey: '' },
        signer: { sign: async (request) => request },
      }),
});

/** Whatever a request names, it leaves for the configured host or not at all. */
function holdToEndpoint(client: S3Client, { endpoint, pathStyle }: S3Settings): void {
  const { protocol, hostname, port } = new URL(endpoint);
  client.middlewareStack.add(
    (next) => (call) => {
      const request = call.request as { protocol: string; hostname: string; port?: number };
      const sameHost =
        request.hostname === hostname || (!pathStyle && request.hostname.endsWith(`.${hostname}`));
      const samePort = String(request.port ?? '') === port;
      if (request.protocol !== protocol || !sameHost || !samePort)
        throw new Error(`a request for ${request.hostname} was about to leave for S3`);
      return next(call);
    },
    { name: 'holdToEndpoint', step: 'finalizeRequest', priority: 'low' },
  );
}

interface Reading {
  address: ObjectAddress;
  signal: AbortSignal;
  share: Share;
  settings: S3Settings;
}

async function read(
  reader: Reader,
  { address, signal, share, settings }: Reading,
): Promise<Uint8Array> {
  const { timeoutMs } = settings;
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const { Body: body, ContentLength: length } = await reader.get(address, limited);
    const stream = addAbortSignal(limited, body as Readable);
    if (length !== undefined && length > MAX_OBJECT_BYTES) {
      stream.on('error', () => {}).destroy();
      throw tooLarge();
    }
    if (length !== undefined) share.shrink(length);
    return await collect(stream, length ?? MAX_OBJECT_BYTES);
  } catch (error) {
    signal.throwIfAborted();
    throw refused(limited.aborted ? limited.reason : error, address, settings);
  }
}

/** The answer to a failed request; what an operator has to see to is logged. */
function refused(error: unknown, address: ObjectAddress, { endpoint, log }: S3Settings): ApiError {
  const { answer, note } = refusalOf(error);
  if (note !== undefined) log('an object could not be read', { endpoint, ...address, note });
  return answer;
}

async function* names(
  reader: Reader,
  address: ObjectAddress,
  signal: AbortSignal,
  settings: S3Settings,
): AsyncGenerator<string[]> {
  let after: string | undefined;
  do {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutMs)]);
    let page: ListObjectsV2CommandOutput;
    try {
      page = await reader.list(address, after, limited);
    } catch (error) {
      signal.throwIfAborted();
      throw refused(limited.aborted ? limited.reason : error, address, settings);
    }
    yield (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
    after = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (after !== undefined);
}

const tooLarge = (): ApiError =>
  new ApiError(
    'ImageTooLargeException',
    `Image size is too large: at most ${MAX_OBJECT_BYTES} bytes are allowed for an image in S3`,
  );

/** Leaving the loop early destroys the stream, and with it the connection. */
async function collect(stream: Readable, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    total += chunk.length;
    if (total > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}
