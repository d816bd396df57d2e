import { availableParallelism } from 'node:os';
import { ApiError, OperatorError } from '../errors.js';
import { ProcessEnded } from '../process-rpc.js';
import { Crew, type Worker } from './crew.js';
import { embeddingModel, loadEmbedder, type ModelPlace } from './models.js';
import { DEFAULT_EMBEDDERS } from './nets.js';
import { requireOnnxruntime } from './own/require-onnxruntime.js';
import { type EmbeddingCard, partsOf } from './parts.js';
import { candidatesFor, RUNTIME_NAMES, type RuntimeName } from './runtimes/runtime.js';
import type { AnalyseRequest, EmbeddingModel, ImageAnalysis, Vision } from './vision.js';

/** How the vision part runs. */
export interface VisionOptions {
  /** `auto`, or the name of one runtime, which then has to work. */
  runtime: string;
  /** The embedding models, at least one: see `findEmbedder`. The first is that of new collections. */
  embedders: readonly ModelPlace[];
  /**
   * Worker processes; each analyses one photo at a time with its own nets. A runtime that uses all cores or a GPU
   * takes one whatever this says; around a GPU it is the number of threads.
   */
  workers: number;
  /** Images that may wait for a worker. */
  maxQueued: number;
  /** How long one image may keep a worker, not counting the wait for it. */
  timeoutMs: number;
  /** Images of more pixels are refused. */
  maxPixels: number;
  /**
   * A worker that holds more bytes than this after a photo is replaced by a fresh one; around a GPU, than this for each
   * thread.
   */
  workerMemory: number;
  /** Where the choice of a runtime and converted models are kept; undefined: nowhere. */
  cacheDirectory: string | undefined;
  /** Gives the start up when it aborts: whatever was started by then is ended. */
  signal?: AbortSignal;
  /** Told of everything an operator may want to know (`info`) or must look at; `details` is plain data. */
  log: (message: string, details: object, level: 'info' | 'warn') => void;
}

/** The vision part, when it can answer and when it has made up its mind. */
export interface VisionService extends Vision {
  /**
   * Resolves when the first worker can take photos.
   *
   * @throws OperatorError when none can be started; then photos that waited are rejected with it, too.
   */
  ready(): Promise<void>;
  /** Resolves when it is decided which runtime is used from now on. */
  settled(): Promise<void>;
}

const DEFAULTS: VisionOptions = {
  runtime: 'auto',
  embedders: DEFAULT_EMBEDDERS,
  workers: availableParallelism(),
  maxQueued: 64,
  timeoutMs: 20_000,
  maxPixels: 50_000_000,
  workerMemory: 512 * 2 ** 20,
  cacheDirectory: undefined,
  log: () => {},
};

/**
 * How often a photo is tried when its worker ends or its runtime fails: it may be the cause, so no more than
 * this; but the worker may also have died of another photo that it had in hand, or of its device.
 */
const MAX_ATTEMPTS = 3;

interface Job {
  image: Uint8Array;
  request: AnalyseRequest;
  attempts: number;
  resolve: (analysis: ImageAnalysis) => void;
  reject: (error: unknown) => void;
}

/**
 * Starts the workers, which load, check and warm the nets; resolves when the first of them is ready.
 *
 * @throws OperatorError when the runtime cannot be used or a model file is missing or altered.
 */
export async function createVision(options: Partial<VisionOptions> = {}): Promise<VisionService> {
  const vision = await openVision(options);
  await vision.ready();
  return vision;
}

/**
 * The same, but resolves as soon as the cards are read: photos wait in the queue until the first worker is ready.
 *
 * @throws OperatorError for an unknown runtime or an unreadable card.
 */
export async function openVision(options: Partial<VisionOptions> = {}): Promise<VisionService> {
  const settings = { ...DEFAULTS, ...options };
  for (const name of ['workers', 'maxQueued', 'timeoutMs', 'maxPixels', 'workerMemory'] as const)
    if (!Number.isInteger(settings[name]) || settings[name] < 1)
      throw new RangeError(`${name} must be a positive whole number, got ${settings[name]}`);
  const cards = await Promise.all(settings.embedders.map(loadEmbedder));
  return new VisionPool(settings, cards);
}

function runtimeOf(wanted: string): RuntimeName | 'auto' {
  const known = wanted === 'auto' ? wanted : RUNTIME_NAMES.find((name) => name === wanted);
  if (known) return known;
  throw new OperatorError(
    `unknown inference runtime ${wanted}, expected auto, ${RUNTIME_NAMES.join(', ')}`,
  );
}

class VisionPool implements VisionService {
  readonly model: EmbeddingModel;
  readonly models: readonly EmbeddingModel[];
  readonly #options: VisionOptions;
  readonly #crew: Crew;
  readonly #queue: Job[] = [];
  #running = 0;
  /** Why it takes no more photos. */
  #closed: unknown;
  readonly #ready: Promise<void>;
  #drained: (() => void) | undefined;

  constructor(options: VisionOptions, cards: readonly EmbeddingCard[]) {
    this.#options = options;
    this.models = cards.map(embeddingModel);
    const [model] = this.models;
    if (!model) throw new RangeError('embedders must name at least one model');
    this.model = model;
    const nets = cards.flatMap(partsOf).map(({ card }) => card);
    const candidates = candidatesFor(nets);
    const runtime = runtimeOf(options.runtime);
    requireOnnxruntime(...nets);
    const crewOptions = { ...options, candidates, runtime };
    this.#crew = new Crew(crewOptions, () => this.#dispatch());
    this.#ready = this.#start();
    // Told to whoever waits for it.
    this.#ready.catch(() => undefined);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async #start(): Promise<void> {
    const startedAt = performance.now();
    const { signal } = this.#options;
    const giveUp = (): void => void this.#crew.close();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      signal?.throwIfAborted();
      await this.#crew.start();
      signal?.throwIfAborted();
    } catch (error) {
      this.#end(error);
      await this.#crew.close();
      throw this.#closed;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
    const startMs = Math.round(performance.now() - startedAt);
    const models = this.models.map(({ id }) => id);
    const details = { runtime: this.runtime, model: this.model.id, models, startMs };
    this.#options.log('vision is ready', details, 'info');
  }

  get runtime(): RuntimeName {
    return this.#crew.runtime;
  }

  settled(): Promise<void> {
    return this.#crew.settled();
  }

  analyse(
    image: Uint8Array,
    request: AnalyseRequest,
    signal?: AbortSignal,
  ): Promise<ImageAnalysis> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (this.#crew.free() === undefined && this.#queue.length >= this.#options.maxQueued)
      return Promise.reject(new ApiError('ThrottlingException'));
    return new Promise((resolve, reject) => {
      const job: Job = { image, request, attempts: 0, resolve, reject };
      if (signal) this.#makeAbortable(job, signal);
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  status(): { workers: number; running: number; queued: number } {
    return { workers: this.#crew.size, running: this.#running, queued: this.#queue.length };
  }

  async close(): Promise<void> {
    const closed = new Error('vision is closed');
    this.#closed ??= closed;
    if (this.#crew.size > 0 && !this.#isDrained())
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    this.#end(closed);
    await this.#crew.close();
  }

  /** No photo is taken any more, and those that wait are not answered. */
  #end(reason: unknown): void {
    this.#closed ??= reason;
    for (const job of this.#queue.splice(0)) job.reject(reason);
  }

  /** Takes the caller out of the wait: a queued image is forgotten, the result of a running one dropped. */
  #makeAbortable(job: Job, signal: AbortSignal): void {
    const { resolve, reject } = job;
    const abort = (): void => {
      const position = this.#queue.indexOf(job);
      if (position !== -1) this.#queue.splice(position, 1);
      reject(signal.reason);
      this.#settleDrain();
    };
    signal.addEventListener('abort', abort, { once: true });
    job.resolve = (analysis) => {
      signal.removeEventListener('abort', abort);
      resolve(analysis);
    };
    job.reject = (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    };
  }

  #dispatch(): void {
    for (;;) {
      const worker = this.#queue.length > 0 ? this.#crew.free() : undefined;
      if (!worker) return;
      void this.#run(this.#queue.shift()!, worker);
    }
  }

  async #run(job: Job, worker: Worker): Promise<void> {
    this.#running++;
    job.attempts++;
    const { timeoutMs } = this.#options;
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      this.#crew.replace(worker);
    }, timeoutMs);
    try {
      const { image, request } = job;
      job.resolve(await this.#crew.analyse(worker, { image, request }));
    } catch (error) {
      if (expired) job.reject(this.#tooSlow());
      else if (isTheWorkers(error)) this.#tryElsewhere(job, worker, error);
      else job.reject(error);
    } finally {
      clearTimeout(timer);
      this.#running--;
      this.#dispatch();
      this.#settleDrain();
    }
  }

  /** A worker whose runtime failed gets no second chance: what it computes next may be as wrong, and look right. */
  #tryElsewhere(job: Job, worker: Worker, error: Error): void {
    if (!(error instanceof ProcessEnded)) {
      const details = { runtime: worker.runtime, error: error.message };
      this.#options.log('a runtime failed; its worker is replaced', details, 'warn');
      this.#crew.replace(worker);
    }
    if (job.attempts < MAX_ATTEMPTS) this.#queue.unshift(job);
    else job.reject(error);
  }

  #tooSlow(): ApiError {
    const { timeoutMs, log } = this.#options;
    log('an image exceeded the time limit; its worker is replaced', { timeoutMs }, 'warn');
    return new ApiError(
      'InvalidImageFormatException',
      `Request has invalid image format: the image could not be processed within ${timeoutMs} ms`,
    );
  }

  #isDrained(): boolean {
    return this.#running + this.#queue.length === 0;
  }

  #settleDrain(): void {
    if (this.#isDrained()) this.#drained?.();
  }
}

/** Whether another worker may do better. The names travel between processes, the classes do not. */
const isTheWorkers = (error: unknown): error is Error =>
  error instanceof ProcessEnded || (error instanceof Error && error.name === 'RuntimeFault');
