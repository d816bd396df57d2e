import type { Arena } from './arena.js';

/** How fast a graph takes in rows. */
export interface Pace {
  /** The graph knows of all rows below this ordinal. */
  start?: number;
  /** How long one batch of inserts should take. */
  batchMs: number;
  firstBatch: number;
  maxBatch: number;
}

/** Where the rows of one feed go. */
export interface Eater {
  /** Rows taken and not inserted yet. */
  readonly waiting: number;
  /** Takes rows to be inserted in this order. */
  take(ordinals: readonly number[]): void;
  /** Inserts at most so many of the rows that wait. */
  insert(most: number): Promise<void>;
}

/**
 * Feeds a graph with the rows of an arena: first those that are there, by rising ordinal up to #cursor, and
 * from then on every row written. Batch after batch is inserted, one at a time, and `onIdle` told when
 * nothing is pending any more, or with the error that made the graph unusable.
 */
export class Feed {
  readonly #arena: Arena;
  readonly #eater: Eater;
  readonly #pace: Pace;
  readonly #onIdle: (error?: unknown) => void;
  #cursor: number;
  #batch: number;
  #running = false;
  #closed = false;

  constructor(arena: Arena, eater: Eater, pace: Pace, onIdle: (error?: unknown) => void) {
    this.#arena = arena;
    this.#eater = eater;
    this.#pace = pace;
    this.#onIdle = onIdle;
    this.#cursor = pace.start ?? 0;
    this.#batch = pace.firstBatch;
  }

  /** Rows that the graph has not taken in. */
  get pending(): number {
    return this.#eater.waiting + this.unseen;
  }

  /** Those of them that it does not even know of. */
  get unseen(): number {
    return this.#arena.end - this.#cursor;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts, or goes on after a row was written or freed. */
  run(ready: Promise<unknown> = Promise.resolve()): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    // Whoever writes many rows in one turn has them inserted together.
    ready.then(() => this.#work()).catch((error: unknown) => this.fail(error));
  }

  written(ordinal: number): void {
    if (ordinal === this.#cursor) this.#cursor++;
    // Where the cursor has yet to come it will find the row.
    if (ordinal < this.#cursor) this.#eater.take([ordinal]);
    this.run();
  }

  /** False where it was closed before. */
  close(): boolean {
    const first = !this.#closed;
    this.#closed = true;
    return first;
  }

  /** The graph is unusable. */
  fail(error: unknown): void {
    if (this.close()) this.#onIdle(error ?? new Error('the graph failed'));
  }

  async #work(): Promise<void> {
    while (!this.#closed && this.pending > 0) {
      this.#takeMore();
      if (this.#eater.waiting > 0) await this.#insert();
    }
    this.#running = false;
    if (!this.#closed) this.#onIdle();
  }

  async #insert(): Promise<void> {
    const { batchMs, maxBatch } = this.#pace;
    const size = Math.min(this.#batch, this.#eater.waiting);
    const unpin = this.#arena.pin();
    const started = performance.now();
    try {
      await this.#eater.insert(size);
    } finally {
      unpin();
    }
    const fitting = (size * batchMs) / Math.max(performance.now() - started, 0.1);
    this.#batch = Math.max(1, Math.min(maxBatch, this.#batch * 2, Math.floor(fitting)));
  }

  #takeMore(): void {
    const taken: number[] = [];
    const { maxBatch } = this.#pace;
    const stop = Math.min(this.#arena.end, this.#cursor + maxBatch - this.#eater.waiting);
    for (; this.#cursor < stop; this.#cursor++)
      if (this.#arena.keyAt(this.#cursor) !== undefined) taken.push(this.#cursor);
    if (taken.length > 0) this.#eater.take(taken);
  }
}
