import {
  examineRuntimes,
  isThereAChoice,
  keepReports,
  keptReports,
  type RuntimeReport,
  ranking,
} from './choose.js';
import type { ModelPlace } from './models.js';
import { type Candidates, RUNTIMES, type RuntimeName } from './runtimes/runtime.js';
import { VisionProcess } from './vision-process.js';
import type { AnalyseCall, AnalyseReply } from './worker.js';

/** How the workers run. */
export interface CrewOptions {
  runtime: RuntimeName | 'auto';
  workers: number;
  /** What to embed with, the default first. */
  embedders: readonly ModelPlace[];
  /** The runtimes that can run these. */
  candidates: Candidates;
  maxPixels: number;
  /**
   * A worker that holds more bytes than this after a photo is replaced by a fresh one; around a GPU, than this for each
   * thread.
   */
  workerMemory: number;
  cacheDirectory: string | undefined;
  log: (message: string, details: object, level: 'info' | 'warn') => void;
}

/** Between the attempts to replace a worker that does not start. */
const RESTART_DELAY_MS = { first: 200, most: 10_000 } as const;

/** So long the first worker has the machine to itself for its first photo, before the others are started. */
const FIRST_PHOTO_MS = 500;

/** A worker is not replaced for its memory before so many photos: a limit set too low must not become a loop. */
const MIN_PHOTOS_A_LIFE = 50;

/** A runtime whose workers die so often within the period is given up for the next best. */
const DEATHS = { most: 3, periodMs: 60_000 } as const;

/**
 * Threads around a GPU in one process. The thread that feeds the device is busy with so many (measured on an
 * H100: it brings some 200 faces a second), so a larger machine gets several processes that share the GPU.
 */
const LANES_A_PROCESS = 4;

/** A worker and what it has in hand. */
export interface Worker {
  readonly process: VisionProcess;
  readonly runtime: RuntimeName;
  running: number;
  photos: number;
  /** Gets no more photos and is ended when it has none in hand. */
  retiring: boolean;
  /** Another is being started to relieve it. */
  relieved: boolean;
}

/**
 * The worker processes: starts them, replaces what dies or grows too large, and moves all of them to another
 * runtime, be it a faster one that turned out to work or the next best after one was lost.
 */
export class Crew {
  runtime: RuntimeName;
  readonly #options: CrewOptions;
  readonly #onFree: () => void;
  readonly #workers = new Set<Worker>();
  /** Workers that are being started, by runtime. */
  readonly #starting = new Set<VisionProcess>();
  /** Usable runtimes, best first. */
  #ranking: RuntimeName[];
  /** Starts of workers that wait for their time. */
  readonly #restarts = new Set<NodeJS.Timeout>();
  #afterPhoto: (() => void) | undefined;
  #restartDelayMs: number = RESTART_DELAY_MS.first;
  #deaths: number[] = [];
  readonly #closing = new AbortController();
  #settled: Promise<void> = Promise.resolve();

  /** `onFree` is told whenever a worker may take a photo. */
  constructor(options: CrewOptions, onFree: () => void) {
    this.#options = options;
    this.#onFree = onFree;
    this.runtime = options.candidates.fallback;
    this.#ranking = [this.runtime];
  }

  /** Resolves when the first worker can take photos; the others follow. */
  async start(): Promise<void> {
    const { runtime, candidates, log } = this.#options;
    if (runtime !== 'auto') {
      this.runtime = runtime;
      this.#ranking = [runtime];
      return this.#staff(runtime);
    }
    const kept = isThereAChoice(candidates) ? await keptReports(this.#options) : undefined;
    if (kept) {
      this.#ranking = ranking(kept, candidates.fallback);
      log('runtimes were examined at an earlier start', { runtimes: kept }, 'info');
    }
    await this.#startBest();
    if (!kept && isThereAChoice(candidates)) this.#settled = this.#choose();
  }

  /** Resolves when it is decided which runtime is used from now on. */
  settled(): Promise<void> {
    return this.#settled;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Workers that take photos. */
  get size(): number {
    return [...this.#workers].filter(({ retiring }) => !retiring).length;
  }

  /** A worker that may take a photo, of the runtime in use if possible. */
  free(): Worker | undefined {
    let found: Worker | undefined;
    for (const worker of this.#workers) {
      if (worker.retiring || worker.running >= worker.process.capacity) continue;
      if (!found || worker.running < found.running) found = worker;
    }
    return found;
  }

  /** Gives a photo to a worker that `free` gave. */
  async analyse(worker: Worker, call: AnalyseCall): Promise<AnalyseReply['analysis']> {
    worker.running++;
    try {
      const { analysis, rss } = await worker.process.analyse(call);
      worker.photos++;
      this.#lookAtMemory(worker, rss);
      return analysis;
    } finally {
      worker.running--;
      this.#afterPhoto?.();
      if (worker.retiring && worker.running === 0) void this.#dismiss(worker);
    }
  }

  /** Ends a worker at once and starts another in its place. What it had in hand is rejected. */
  replace(worker: Worker): void {
    if (!this.#workers.delete(worker)) return;
    void worker.process.terminate();
    this.#startInPlace(worker.runtime);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const timer of this.#restarts) clearTimeout(timer);
    const processes = [...[...this.#workers].map(({ process }) => process), ...this.#starting];
    this.#workers.clear();
    await Promise.all(processes.map((process) => process.terminate()));
  }

  /** The best runtime that starts; each that does not is named. */
  async #startBest(): Promise<void> {
    for (const [place, runtime] of this.#ranking.entries())
      try {
        this.runtime = runtime;
        return await this.#staff(runtime);
      } catch (error) {
        if (this.#closed || place === this.#ranking.length - 1) throw error;
        this.#options.log('a runtime does not start', { runtime, reason: String(error) }, 'warn');
      }
  }

  /** How many workers a runtime gets, and how many threads each. */
  #shape(runtime: RuntimeName): { processes: number; lanes: number } {
    const { workers } = this.#options;
    const { uses } = RUNTIMES[runtime];
    if (uses === 'gpu')
      return {
        processes: Math.ceil(workers / LANES_A_PROCESS),
        lanes: Math.min(workers, LANES_A_PROCESS),
      };
    return { processes: uses === 'core' ? workers : 1, lanes: 0 };
  }

  /**
   * Starts one worker, and the others once it has answered a photo: all at once would take the cores of the first
   * answer from each other. Resolves when the first can take photos; rejects with its reason when none starts.
   */
  async #staff(runtime: RuntimeName): Promise<void> {
    const others = this.#shape(runtime).processes - 1;
    const startOthers = () => Array.from({ length: others }, () => this.#add(runtime));
    try {
      await this.#add(runtime);
    } catch (error) {
      if (this.#closed) throw error;
      const starts = startOthers();
      await Promise.any(starts).catch(() => {
        throw error;
      });
      this.#notStarted(runtime, error);
      return this.#watch(runtime, starts);
    }
    this.#onFirstPhoto(() => {
      if (!this.#closed && runtime === this.runtime) this.#watch(runtime, startOthers());
    });
  }

  #watch(runtime: RuntimeName, starts: readonly Promise<void>[]): void {
    for (const start of starts) start.catch((reason: unknown) => this.#notStarted(runtime, reason));
  }

  /** Calls back when a photo has been answered, after a while in any case. */
  #onFirstPhoto(act: () => void): void {
    const timer = setTimeout(() => this.#afterPhoto?.(), FIRST_PHOTO_MS);
    timer.unref();
    this.#restarts.add(timer);
    this.#afterPhoto = () => {
      this.#afterPhoto = undefined;
      clearTimeout(timer);
      this.#restarts.delete(timer);
      act();
    };
  }

  async #add(runtime: RuntimeName): Promise<void> {
    const { embedders, maxPixels, cacheDirectory } = this.#options;
    const { lanes } = this.#shape(runtime);
    const settings = { runtime, embedders, maxPixels, cacheDirectory, lanes };
    let worker: Worker | undefined;
    const process = new VisionProcess(settings, (error) => {
      // One that was taken out on purpose is no longer in the set.
      if (worker && this.#workers.delete(worker)) this.#died(worker, error.message);
    });
    this.#starting.add(process);
    try {
      await process.start();
    } finally {
      this.#starting.delete(process);
    }
    if (this.#closed || runtime !== this.runtime) return process.terminate();
    worker = { process, runtime, running: 0, photos: 0, retiring: false, relieved: false };
    this.#workers.add(worker);
    this.#restartDelayMs = RESTART_DELAY_MS.first;
    this.#onFree();
  }

  #died({ runtime }: Worker, error: string): void {
    this.#options.log('a vision worker died', { runtime, error }, 'warn');
    if (this.#closed || (this.#isHopeless(runtime) && this.#fallBack(runtime))) return;
    this.#startInPlace(runtime);
  }

  /** Counts a worker that died or did not start. A device that is gone does not come back because it is asked again. */
  #isHopeless(runtime: RuntimeName): boolean {
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((time) => now - time < DEATHS.periodMs), now];
    return RUNTIMES[runtime].uses === 'gpu' || this.#deaths.length >= DEATHS.most;
  }

  /** While no worker starts, photos wait in the queue up to its bound. */
  #startInPlace(runtime: RuntimeName): void {
    if (this.#closed || runtime !== this.runtime) return;
    this.#add(runtime).catch((error: unknown) => this.#notStarted(runtime, error));
  }

  #notStarted(runtime: RuntimeName, error: unknown): void {
    if (this.#closed) return;
    const reason = String(error);
    this.#options.log('a vision worker did not start', { runtime, reason }, 'warn');
    if (runtime !== this.runtime || (this.#isHopeless(runtime) && this.#fallBack(runtime))) return;
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#startInPlace(runtime);
    }, this.#restartDelayMs);
    timer.unref();
    this.#restarts.add(timer);
    this.#restartDelayMs = Math.min(2 * this.#restartDelayMs, RESTART_DELAY_MS.most);
  }

  /** To the next best runtime, for good. False where there is none: the choice was the operator's, or all are lost. */
  #fallBack(lost: RuntimeName): boolean {
    const next = this.#ranking.find((name) => name !== lost);
    if (lost !== this.runtime || next === undefined) return lost !== this.runtime;
    this.#ranking = this.#ranking.filter((name) => name !== lost);
    this.#deaths = [];
    this.#options.log('vision falls back to another runtime', { lost, runtime: next }, 'warn');
    this.runtime = next;
    for (const worker of this.#workers) this.#retire(worker);
    for (let count = 0; count < this.#shape(next).processes; count++) this.#startInPlace(next);
    return true;
  }

  /** Finds the fastest runtime while the one that is always there answers, then moves to it. */
  async #choose(): Promise<void> {
    const { log } = this.#options;
    try {
      const reports = await examineRuntimes(this.#options, this.#closing.signal);
      if (this.#closed) return;
      for (const report of reports) if (!report.usable) this.#tellUnusable(report);
      log('runtimes were examined', { runtimes: reports.filter(({ usable }) => usable) }, 'info');
      await keepReports(this.#options, reports).catch((error: unknown) =>
        log('the choice of a runtime could not be kept', { error: String(error) }, 'warn'),
      );
      this.#ranking = ranking(reports, this.#options.candidates.fallback);
      await this.#moveTo(this.#ranking[0]!);
    } catch (error) {
      log('no faster runtime could be found out', { error: String(error) }, 'warn');
    }
  }

  /** A runtime that is not installed is nothing to look at; one that is and cannot be used is. */
  #tellUnusable(report: RuntimeReport & { usable: false }): void {
    const { name: runtime, reason } = report;
    const level = reason.startsWith('not installed') ? 'info' : 'warn';
    this.#options.log('a runtime cannot be used', { runtime, reason }, level);
  }

  /** The old workers answer until the first new one can. */
  async #moveTo(runtime: RuntimeName): Promise<void> {
    const before = this.runtime;
    if (runtime === before) return;
    this.runtime = runtime;
    const old = [...this.#workers];
    try {
      await this.#staff(runtime);
    } catch (error) {
      this.runtime = before;
      for (let gone = this.size; gone < this.#shape(before).processes; gone++)
        this.#startInPlace(before);
      throw error;
    }
    this.#options.log('vision moved to a faster runtime', { before, runtime }, 'info');
    for (const worker of old) this.#retire(worker);
  }

  #retire(worker: Worker): void {
    worker.retiring = true;
    if (worker.running === 0) void this.#dismiss(worker);
  }

  async #dismiss(worker: Worker): Promise<void> {
    this.#workers.delete(worker);
    await worker.process.terminate();
  }

  /** Another is started first, so that the capacity stays. */
  #lookAtMemory(worker: Worker, rss: number): void {
    const { workerMemory, log } = this.#options;
    const threads = Math.max(1, this.#shape(worker.runtime).lanes);
    if (worker.retiring || worker.relieved || worker.photos < MIN_PHOTOS_A_LIFE) return;
    if (rss <= workerMemory * threads) return;
    log('a vision worker is replaced for its memory', { rss, photos: worker.photos }, 'info');
    worker.relieved = true;
    this.#add(worker.runtime).then(
      () => this.#retire(worker),
      (error: unknown) => {
        worker.relieved = false;
        worker.photos = 0;
        log('a vision worker did not start', { reason: String(error) }, 'warn');
      },
    );
  }
}
