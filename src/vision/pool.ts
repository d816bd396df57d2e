import { availableParallelism } from 'node:os';
import { ApiError } from '../errors.js';
import { DEFAULT_MODELS, embeddingModel, loadCard } from './models.js';
import { FALLBACK_RUNTIME, ONE_THREAD_ONLY, type RuntimeName } from './runtimes/runtime.js';
import { VisionThread } from './thread.js';
import type { AnalyseRequest, EmbeddingModel, ImageAnalysis, Vision } from './vision.js';

/** How the vision part runs. */
export interface VisionOptions {
  /** `auto`, or the name of one runtime, which then has to work. */
  runtime: string;
  /** Worker threads; each analyses one image at a time with its own nets. Native runtimes take one whatever this says. */
  workers: number;
  /** Images that may wait for a worker. */
  maxQueued: number;
  /** How long one image may keep a worker, not counting the wait for it. */
  timeoutMs: number;
  /** Images of more pixels are refused. */
  maxPixels: number;
  /** Told of everything an operator may want to know (`info`) or must look at; `details` is plain data. */
  log?: (message: string, details: object, level: 'info' | 'warn') => void;
}

const DEFAULTS: VisionOptions = {
  runtime: 'auto',
  workers: availableParallelism(),
  maxQueued: 64,
  timeoutMs: 20_000,
  maxPixels: 50_000_000,
};

/** An image is tried on another worker when its worker died, so often and no more: it may be the cause. */
const MAX_ATTEMPTS = 2;

/** Between the attempts to replace a worker that does not start. */
const RESTART_DELAY_MS = { first: 200, most: 10_000 } as const;

interface Job {
  image: Uint8Array;
  request: AnalyseRequest;
  attempts: number;
  resolve: (analysis: ImageAnalysis) => void;
  reject: (error: unknown) => void;
}

/**
 * Starts the workers, loads and warms the nets in each.
 *
 * @throws OperatorError when the runtime cannot be used or a model file is missing or altered.
 */
export async function createVision(options: Partial<VisionOptions> = {}): Promise<Vision> {
  const settings = { ...DEFAULTS, ...options };
  for (const name of ['workers', 'maxQueued', 'timeoutMs', 'maxPixels'] as const)
    if (!Number.isInteger(settings[name]) || settings[name] < 1)
      throw new RangeError(`${name} must be a positive whole number, got ${settings[name]}`);
  const model = embeddingModel(await loadCard(DEFAULT_MODELS.embedder, 'embedder'));
  const pool = new VisionPool(settings, model);
  await pool.start();
  return pool;
}

class VisionPool implements Vision {
  readonly model: EmbeddingModel;
  runtime: RuntimeName = FALLBACK_RUNTIME;
  readonly #options: VisionOptions;
  readonly #threads = new Set<VisionThread>();
  readonly #queue: Job[] = [];
  #running = 0;
  #closing = false;
  #restartDelayMs: number = RESTART_DELAY_MS.first;
  readonly #restarts = new Set<NodeJS.Timeout>();
  #drained: (() => void) | undefined;

  constructor(options: VisionOptions, model: EmbeddingModel) {
    this.#options = options;
    this.model = model;
  }

  /** The first worker chooses the runtime, the others then start with it at the same time. */
  async start(): Promise<void> {
    const { workers, log } = this.#options;
    const startedAt = performance.now();
    try {
      const { runtime, refused } = await this.#add(this.#options.runtime);
      this.runtime = runtime;
      const more = ONE_THREAD_ONLY.has(runtime) ? 0 : workers - 1;
      await Promise.all(Array.from({ length: more }, () => this.#add(runtime)));
      log?.(
        'vision is ready',
        {
          runtime,
          refused,
          workers: this.#threads.size,
          model: this.model.id,
          startMs: Math.round(performance.now() - startedAt),
        },
        'info',
      );
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  analyse(
    image: Uint8Array,
    request: AnalyseRequest,
    signal?: AbortSignal,
  ): Promise<ImageAnalysis> {
    if (this.#closing) return Promise.reject(new Error('vision is closed'));
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (this.#idle() === undefined && this.#queue.length >= this.#options.maxQueued)
      return Promise.reject(new ApiError('ThrottlingException'));
    return new Promise((resolve, reject) => {
      const job: Job = { image, request, attempts: 0, resolve, reject };
      if (signal) this.#makeAbortable(job, signal);
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  status(): { workers: number; running: number; queued: number } {
    return { workers: this.#threads.size, running: this.#running, queued: this.#queue.length };
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#threads.size > 0 && !this.#isDrained())
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    for (const timer of this.#restarts) clearTimeout(timer);
    this.#giveUp();
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.terminate()));
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

  async #add(runtime: string) {
    const { maxPixels, log } = this.#options;
    const thread = new VisionThread({ runtime, maxPixels }, (error) => {
      // A thread that was taken out on purpose is no longer in the set.
      if (!this.#threads.delete(thread)) return;
      log?.(
        'a vision worker died',
        { error: error?.message ?? 'it ended without an error' },
        'warn',
      );
      this.#replace();
    });
    const ready = await thread.start();
    if (this.#closing && this.#isDrained()) {
      await thread.terminate();
      return ready;
    }
    this.#threads.add(thread);
    this.#restartDelayMs = RESTART_DELAY_MS.first;
    this.#dispatch();
    return ready;
  }

  /** Starts a worker in place of a lost one; while none starts, images wait in the queue up to its bound. */
  #replace(): void {
    if (this.#closing && this.#isDrained()) return;
    this.#add(this.runtime).catch((error: unknown) => {
      this.#options.log?.('a vision worker did not start', { error: String(error) }, 'warn');
      if (this.#closing) return this.#giveUp();
      if (this.#fallBack()) return;
      const timer = setTimeout(() => {
        this.#restarts.delete(timer);
        this.#replace();
      }, this.#restartDelayMs);
      timer.unref();
      this.#restarts.add(timer);
      this.#restartDelayMs = Math.min(2 * this.#restartDelayMs, RESTART_DELAY_MS.most);
    });
  }

  /** A lost native runtime cannot be loaded again; where the choice was ours, the others take over. */
  #fallBack(): boolean {
    if (this.#options.runtime !== 'auto' || !ONE_THREAD_ONLY.has(this.runtime)) return false;
    const lost = this.runtime;
    this.runtime = FALLBACK_RUNTIME;
    this.#options.log?.(
      'vision falls back to another runtime',
      { lost, runtime: this.runtime },
      'warn',
    );
    for (let count = 0; count < this.#options.workers; count++) this.#replace();
    return true;
  }

  #idle(): VisionThread | undefined {
    for (const thread of this.#threads) if (!thread.busy) return thread;
    return undefined;
  }

  #dispatch(): void {
    for (;;) {
      const thread = this.#idle();
      if (!thread) return;
      const job = this.#queue.shift();
      if (!job) return;
      void this.#run(job, thread);
    }
  }

  async #run(job: Job, thread: VisionThread): Promise<void> {
    this.#running++;
    job.attempts++;
    const { timeoutMs } = this.#options;
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      this.#threads.delete(thread);
      this.#replace();
      void thread.terminate();
    }, timeoutMs);
    try {
      job.resolve(await thread.analyse(job.image, job.request));
    } catch (error) {
      if (expired) job.reject(this.#tooSlow());
      else if (thread.dead && job.attempts < MAX_ATTEMPTS) this.#queue.unshift(job);
      else job.reject(error);
    } finally {
      clearTimeout(timer);
      this.#running--;
      this.#dispatch();
      this.#settleDrain();
    }
  }

  #tooSlow(): ApiError {
    const { timeoutMs, log } = this.#options;
    log?.('an image exceeded the time limit; its worker is replaced', { timeoutMs }, 'warn');
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

  /** No worker will come any more for what still waits. */
  #giveUp(): void {
    for (const job of this.#queue.splice(0)) job.reject(new Error('vision is closed'));
    this.#settleDrain();
  }
}
