import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Config, isLoopback } from './config.js';
import { newFaceId } from './domain/ids.js';
import { createPageTokens } from './domain/page-token.js';
import { OperatorError } from './errors.js';
import { createServer } from './http/server.js';
import { readTls, renewTls, type TlsMaterial, tlsPaths } from './http/tls.js';
import { loadKeys } from './keys/load-keys.js';
import { readCropKey, type Sealer } from './keys/master-key.js';
import { type Log, noteTo } from './log.js';
import { createMetrics, type Metrics } from './metrics.js';
import { openObjects } from './objects/open.js';
import { createCalibrations } from './operations/calibrations.js';
import { bindOperations } from './operations/index.js';
import type { Services } from './operations/services.js';
import { createDispatch } from './protocol/dispatch.js';
import { createRateLimiter } from './protocol/rate-limits.js';
import { createReplayGuard } from './protocol/replay.js';
import type { Credentials } from './protocol/sigv4/credentials.js';
import { createCredentials, environmentKeys } from './protocol/sigv4/keys.js';
import { createReloading } from './reloading.js';
import { createSqliteStore } from './store/sqlite/store.js';
import { createVectors, type VectorsOptions } from './vectors/create.js';
import { createMatcher } from './vectors/matcher.js';
import type { VisionService } from './vision/pool.js';

/** What closes a part that was opened. The last opened is closed first. */
export type Closers = (() => Promise<void>)[];

/**
 * Parts → listen, around a vision part that may still be starting.
 *
 * @param closers is given what closes each part, as soon as it is open.
 * @returns the endpoint, such as `http://127.0.0.1:8642`.
 * @throws OperatorError that says what to repair.
 */
export async function openService(
  config: Config,
  log: Log,
  { vision: opening, closers }: { vision: Promise<VisionService>; closers: Closers },
): Promise<string> {
  const keys = followKeys(config, log);
  closers.push(async () => keys?.close());
  const tls = followTls(config, log);
  closers.push(async () => tls?.close());
  const store = await createSqliteStore({ directory: config.dataDirectory, log: noteTo(log) });
  closers.push(() => store.close());
  const vectors = createVectors(store, {
    flatLimits: { face: config.flatFaces, user: config.flatUsers },
    engine: config.vectorEngine,
    ...keeping(config),
    log: noteTo(log),
  });
  closers.push(() => vectors.close());
  const objects = openObjects(config, noteTo(log));
  closers.push(async () => objects.close());
  const vision = await opening;

  const cropKey = config.faceCrops === 'on' ? readCropKey(config.masterKeyFile) : undefined;
  const services = await servicesOf(config, { store, vision, vectors, objects, cropKey });
  const metrics = createMetrics(async () => {
    // The store has said in the log why it cannot count them.
    const crops = await store.crops().catch(() => undefined);
    return { vision: vision.status(), vectors: vectors.status(), crops };
  });
  const warmUp = loadCollections(services, log, cropKey);
  closers.push(() => warmUp.stop());
  const app = openServer(config, {
    log,
    metrics,
    services,
    credentials: keys?.value,
    warmUp,
    checkVision: readiness(vision),
    tls: tls?.material,
  });
  closers.push(() => app.close());
  tls?.serve(app.server);
  const endpoint = await listen(app, config);
  if (!tls && !isLoopback(config.host))
    log.warn(
      'photos cross the network in plain text: set LIKENESS_TLS_CERTIFICATE and LIKENESS_TLS_KEY, or put a proxy with TLS in front',
    );
  log.info(
    {
      endpoint,
      kernel: services.matcher.kernel,
      model: vision.model.id,
    },
    'listening',
  );
  return endpoint;
}

/** The keys requests must be signed with; undefined when none are configured, which is for loopback only. */
function followKeys(config: Config, log: Log): Closable<Credentials> | undefined {
  const { keysFile, masterKeyFile, accountId, host } = config;
  const own = environmentKeys(config, accountId);
  if (keysFile !== '') {
    const files = { keysFile, masterKeyFile };
    const note = (): void => log.info({ keysFile }, 'keys read');
    const followed = createReloading({
      paths: [keysFile, masterKeyFile],
      load: () => createCredentials([...own, ...loadKeys(files, accountId)]),
      onLoaded: note,
      onBroken: (error) =>
        log.error({ err: error }, 'the keys file cannot be used: the keys read before stay'),
    });
    note();
    return {
      value: { find: (accessKeyId) => followed.current().find(accessKeyId) },
      close: () => followed.close(),
    };
  }
  if (own.length > 0) return { value: createCredentials(own), close: () => undefined };
  if (!isLoopback(host))
    throw new OperatorError(
      `LIKENESS_HOST is ${host}, which other machines can reach, but no keys are set: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or LIKENESS_KEYS_FILE, or listen on 127.0.0.1`,
    );
  return undefined;
}

interface Closable<T> {
  readonly value: T;
  close(): void;
}

async function servicesOf(
  config: Config,
  {
    cropKey,
    ...parts
  }: Pick<Services, 'store' | 'vision' | 'vectors' | 'objects'> & { cropKey: Sealer | undefined },
): Promise<Services> {
  const { store, vision } = parts;
  const { region, accountId, firstBatch, idempotencyHours } = config;
  const { facesPerCollection, usersPerCollection, collections, tagsPerCollection } = config;
  return {
    ...parts,
    matcher: createMatcher(),
    calibrations: await createCalibrations(store.calibrations, vision.models, Date.now()),
    pageTokens: createPageTokens(await store.secret('page-tokens')),
    settings: {
      place: { region, accountId },
      quotas: { facesPerCollection, usersPerCollection, collections, tagsPerCollection },
      firstBatch,
      idempotencyMs: idempotencyHours * 3_600_000,
    },
    clock: Date.now,
    newFaceId,
    ...(cropKey && { sealCrop: cropKey.seal }),
  };
}

/** Where vectors and their indexes are kept beside the store. */
function keeping(config: Config): Pick<VectorsOptions, 'memory' | 'snapshots'> {
  const { dataDirectory, shutdownTimeoutMs } = config;
  const directory = join(dataDirectory, 'snapshots');
  return {
    memory: config.vectorMemory === 'ram' ? { kind: 'ram' } : { kind: 'mapped', directory },
    // Half of the time is left for everything else that ends.
    ...(config.snapshots === 'on' && { snapshots: { directory, closeMs: shutdownTimeoutMs / 2 } }),
  };
}

interface WarmUp {
  /** Rejects until every collection is searchable. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

/** Says where crops were sealed with another key than this service has: that one is needed to embed from them. */
async function checkCropKey(
  { store }: Pick<Services, 'store'>,
  collectionId: string,
  cropKey: Sealer,
  log: Log,
): Promise<void> {
  const newest = await store.newestCrop(collectionId);
  if (newest && !cropKey.open(newest.crop, newest.faceId))
    log.warn(
      { collectionId },
      'crops of this collection were encrypted under another master key than the present one: keep that key, a move to another model needs it for them',
    );
}

/** Brings every collection's vectors into memory, one after the other; a search for one that waits loads it at once. */
function loadCollections(
  { store, vectors }: Services,
  log: Log,
  cropKey: Sealer | undefined,
): WarmUp {
  let stopped = false;
  let left = 'the collections are being read';
  const run = async (): Promise<void> => {
    let after: number | undefined;
    const known: string[] = [];
    do {
      const { items, next } = await store.listCollections({
        limit: 100,
        ...(after !== undefined && { after }),
      });
      for (const collection of items) {
        if (stopped) return;
        const { collectionId } = collection;
        known.push(collectionId);
        left = `collection ${collectionId} is being loaded`;
        await store
          .changeSequence(collectionId)
          .then((sequence) => vectors.reach(collection, sequence))
          .then(() => cropKey && checkCropKey({ store }, collectionId, cropKey, log))
          .catch((error: unknown) =>
            log.error({ err: error, collectionId }, 'a collection could not be loaded'),
          );
      }
      after = next;
    } while (after !== undefined);
    left = '';
    await vectors
      .sweep(known)
      .catch((error: unknown) => log.error({ err: error }, 'old snapshots could not be removed'));
  };
  const done = run().catch((error: unknown) => {
    left = 'the collections could not be listed';
    log.error({ err: error }, left);
  });
  return {
    check: async () => {
      if (left !== '') throw new OperatorError(left);
    },
    stop: () => {
      stopped = true;
      return done;
    },
  };
}

/** Rejects until photos are answered. */
function readiness(vision: VisionService): () => Promise<void> {
  let isReady = false;
  vision.ready().then(
    () => (isReady = true),
    // Told where the process waits for it.
    () => undefined,
  );
  return async () => {
    if (!isReady) throw new OperatorError('the nets are being loaded');
  };
}

function openServer(
  config: Config,
  parts: {
    log: Log;
    metrics: Metrics;
    services: Services;
    credentials: Credentials | undefined;
    warmUp: WarmUp;
    checkVision: () => Promise<void>;
    tls: TlsMaterial | undefined;
  },
): FastifyInstance {
  const { log, metrics, services, credentials, warmUp, checkVision, tls } = parts;
  const { region, accountId, acceptedRegions, corsOrigins, replaySignatures } = config;
  const { readRate, writeRate, imageRate } = config;
  const dispatch = createDispatch({
    handlers: bindOperations(services),
    ...(credentials && { authentication: { credentials, regions: acceptedRegions } }),
    ...(replaySignatures > 0 && {
      replay: createReplayGuard({ capacity: replaySignatures, startedMs: Date.now() }),
    }),
    rates: createRateLimiter({ read: readRate, write: writeRate, image: imageRate }),
    partition: { region, accountId },
    observer: metrics,
    log,
  });
  return createServer({
    dispatch,
    ready: {
      store: () => services.store.check(),
      vectors: () => warmUp.check(),
      vision: checkVision,
    },
    metrics,
    corsOrigins,
    refuseForeignOrigins: !credentials,
    log,
    tls,
    limits: {
      connections: config.connections,
      requestsInFlight: config.requestsInFlight,
      bodiesInFlightBytes: config.bodiesMib * 1024 * 1024,
      requestTimeoutMs: config.requestTimeoutMs,
    },
  });
}

/** The certificate, if one is configured, and what makes a server follow its files. */
function followTls({ tlsCertificate, tlsKey, tlsClientCa }: Config, log: Log) {
  if (tlsCertificate === '') return undefined;
  const files = { certificate: tlsCertificate, key: tlsKey, clientAuthorities: tlsClientCa };
  let server: object | undefined;
  const note = ({ validUntilMs }: TlsMaterial): void => {
    const level = validUntilMs < Date.now() ? 'warn' : 'info';
    log[level]({ validUntil: new Date(validUntilMs) }, 'TLS certificate in use');
  };
  const followed = createReloading({
    paths: tlsPaths(files),
    load: () => readTls(files),
    onLoaded: (material) => {
      if (server) renewTls(server, material);
      note(material);
    },
    onBroken: (error) =>
      log.error({ err: error }, 'the TLS files cannot be used: the certificate read before stays'),
  });
  note(followed.current());
  return {
    material: followed.current(),
    serve: (app: object) => void (server = app),
    close: () => followed.close(),
  };
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const remedy =
      code === 'EADDRINUSE'
        ? 'the port is in use: stop the other program or set LIKENESS_PORT'
        : code === 'EACCES'
          ? 'not permitted: set LIKENESS_PORT to 1024 or above'
          : `${(cause as Error).message}: check LIKENESS_HOST and LIKENESS_PORT`;
    throw new OperatorError(`Cannot listen on ${host}:${port}: ${remedy}`, { cause });
  }
}
