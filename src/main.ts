import { realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, modelsDirectoryOf, readConfig } from './config.js';
import { OperatorError } from './errors.js';
import { createLog, type Log, noteTo } from './log.js';
import type { VisionReport } from './vision/inspect.js';
import { findEmbedder } from './vision/models.js';
import { openVision } from './vision/pool.js';

/** A service that listens. */
export interface RunningService {
  /** Such as `http://127.0.0.1:8642`. */
  endpoint: string;
  /**
   * Resolves when photos are answered, too; until then they wait. Rejects with an OperatorError that says what to repair
   * when they cannot be, and when the service is closed before.
   */
  ready: Promise<void>;
  /** Finishes what was accepted, then lets go of everything. */
  close(): Promise<void>;
}

/**
 * Config → parts → listen. Inference takes longest to start, so its first process is started before this one loads the
 * rest of the service. Rejects with an OperatorError that says what to repair; whatever was opened by then is closed
 * again.
 */
export async function startService(config: Config, log: Log): Promise<RunningService> {
  const givenUp = new AbortController();
  const vision = openVision({
    ...visionSettings(config),
    log: noteTo(log),
    signal: givenUp.signal,
  });
  // What it rejects with is told where it is waited for.
  vision.catch(() => undefined);
  const closeVision = async (): Promise<void> => {
    givenUp.abort();
    await vision.then(
      (started) => started.close(),
      () => undefined,
    );
  };
  const closers = [closeVision];
  const close = async (): Promise<void> => {
    for (const closePart of closers.splice(0).toReversed()) await closePart();
  };
  try {
    const { openService } = await import('./service.js');
    const endpoint = await openService(config, log, { vision, closers });
    return { endpoint, ready: vision.then((opened) => opened.ready()), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const visionSettings = (config: Config) => ({
  runtime: config.runtime,
  embedders: config.models.map((name) => findEmbedder(name, modelsDirectoryOf(config))),
  workers: config.visionWorkers || availableParallelism(),
  maxQueued: config.visionQueue,
  timeoutMs: config.imageTimeoutMs,
  maxPixels: config.imagePixels,
  workerMemory: config.visionMemoryMb * 2 ** 20,
  cacheDirectory: join(config.dataDirectory, 'runtimes'),
});

/** The parts of the service as this machine would run them. */
export interface Inspection extends VisionReport {
  readonly config: Config;
  /** Instruction set of the vector arithmetic, or `wasm`. */
  readonly kernel: string;
}

/** Tries the parts out without opening the data or a port; for `likeness doctor`. */
export async function inspect(env: NodeJS.ProcessEnv): Promise<Inspection> {
  const config = readConfig(env);
  const { inspectVision } = await import('./vision/inspect.js');
  const { createMatcher } = await import('./vectors/matcher.js');
  const { embedders, workers, maxPixels } = visionSettings(config);
  // What is found stays out of the data directory, which need not be there.
  const vision = await inspectVision({
    embedders,
    workers,
    maxPixels,
    cacheDirectory: undefined,
  });
  return { config, kernel: createMatcher().kernel, ...vision };
}

/** What a person needs to call the service, ready to paste. */
function banner(endpoint: string, config: Config): string {
  const signed = config.accessKeyId !== '' || config.keysFile !== '';
  const keys = signed
    ? 'with the keys this service was started with'
    : 'no keys are set: every program on this machine may call it, no other machine can';
  return `Likeness is listening on ${endpoint}
  ${keys}; data in ${config.dataDirectory}

  aws CLI       aws rekognition list-collections --endpoint-url ${endpoint} --region ${config.region}${signed ? '' : ' --no-sign-request'}
  every client  export AWS_ENDPOINT_URL_REKOGNITION=${endpoint} AWS_REGION=${config.region}
  boto3         boto3.client('rekognition', endpoint_url='${endpoint}', region_name='${config.region}')
  JavaScript    new RekognitionClient({ endpoint: '${endpoint}', region: '${config.region}' })

`;
}

/**
 * The process around a service: settings from the environment, signals, exit codes. SIGTERM and SIGINT
 * finish what was accepted (a second one does not wait); exit code 1 for anything an operator must repair.
 */
export async function runService(): Promise<void> {
  try {
    const config = readConfig(process.env);
    const log = createLog(config.logLevel);
    exitOnBug(log);
    const service = await startService(config, log);
    const stopping = stopOnSignal(service, config, log);
    try {
      await service.ready;
    } catch (error) {
      // Whoever stopped it while it was starting gets the exit code of that.
      if (stopping.aborted) return;
      await service.close();
      throw error;
    }
    process.stdout.write(banner(service.endpoint, config));
  } catch (error) {
    const known = error instanceof OperatorError;
    process.stderr.write(
      `likeness: ${known ? error.message : ((error as Error).stack ?? String(error))}\n`,
    );
    process.exit(1);
  }
}

/** @returns a signal that aborts when the service begins to stop. */
function stopOnSignal(
  service: RunningService,
  { shutdownTimeoutMs }: Config,
  log: Log,
): AbortSignal {
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
    log.info({ signal }, 'finishing accepted requests');
    setTimeout(() => {
      log.error({ shutdownTimeoutMs }, 'accepted requests did not end in time');
      process.exit(1);
    }, shutdownTimeoutMs).unref();
    service.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'shutdown failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return stopping.signal;
}

/** An error nobody caught leaves the process in an unknown state: it ends, and the store recovers at the next start. */
function exitOnBug(log: Log): void {
  const die = (error: unknown): void => {
    log.fatal({ err: error }, 'a bug ended the process');
    process.exit(1);
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url))
  await runService();
