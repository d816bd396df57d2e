import { ApiError } from '../errors.js';
import type { Arena } from './arena.js';
import type { Wanted } from './engine.js';
import type { GraphSettings, Proposal, ProposingGraph } from './hnsw-engine.js';
import type { Found, NativeGraph, NativeGraphClass } from './hnsw-native.js';
import { Numbers } from './hnsw-numbers.js';

/** How long the addon's threads are kept by one batch of inserts, and the most rows copied in one turn. */
const BATCH_MS = 60;
const MAX_BATCH = 1024;

/**
 * How far the cosine of two int8 codes may be from that of the vectors. At 512 dimensions the largest
 * difference among 577,000 pairs was 0.0033.
 */
const CODE_MARGIN = 0.02;

/**
 * One native graph over an arena, and what is known of it on this side.
 *
 * The graph gives each vector appended the next label and never reuses one; the label of a vector that
 * was replaced or freed is deleted. Rows not inserted yet are pending: all at ordinals from #cursor on, those
 * before it that were written since it passed, and the batch under way.
 */
export class HnswGraph implements ProposingGraph {
  readonly m: number;
  readonly #arena: Arena;
  readonly #native: NativeGraph;
  readonly #onIdle: (error?: unknown) => void;
  readonly #ordinals = new Numbers();
  /** By ordinal, label + 1; 0: not in the graph. */
  readonly #labels = new Numbers();
  readonly #pending = new Set<number>();
  #batch: readonly number[] = [];
  #batchSize = 64;
  #deleted = 0;
  #cursor = 0;
  #running = false;
  #closed = false;

  constructor(
    arena: Arena,
    Graph: NativeGraphClass,
    settings: GraphSettings,
    onIdle: (error?: unknown) => void,
  ) {
    const { dimension } = arena;
    this.m = settings.m(arena.count);
    this.#arena = arena;
    this.#native = new Graph({ dimension, m: this.m, efConstruction: settings.efConstruction });
    this.#onIdle = onIdle;
    this.#run();
  }

  get pending(): number {
    return this.#pending.size + this.#batch.length + Math.max(0, this.#arena.end - this.#cursor);
  }

  get deletedShare(): number {
    return this.#deleted / Math.max(1, this.size);
  }

  get size(): number {
    return this.#closed ? 0 : this.#native.count;
  }

  written(ordinal: number): void {
    this.#retire(ordinal);
    // Where the cursor has yet to come it will find the row as it is then.
    if (ordinal < this.#cursor) this.#pending.add(ordinal);
    this.#run();
  }

  freed(ordinal: number): void {
    this.#retire(ordinal);
    this.#pending.delete(ordinal);
    // A graph that has gone idle may be worn by now.
    this.#run();
  }

  async propose(wanted: Wanted, count: number): Promise<Proposal> {
    const others = [...this.#pending, ...this.#batch];
    for (let at = this.#cursor; at < this.#arena.end; at++) others.push(at);
    const { ids, scores } = await this.#search(wanted.query, count);
    const near: number[] = [];
    let lowest = wanted.minCosine - CODE_MARGIN;
    let beyond = false;
    for (const [i, label] of ids.entries()) {
      const ordinal = this.#ordinals.at(label);
      if (this.#labels.at(ordinal) !== label + 1) {
        others.push(ordinal);
        continue;
      }
      beyond = scores[i]! < lowest;
      if (beyond) break;
      near.push(ordinal);
      // Any this much worse than the last place cannot take it.
      if (near.length === wanted.limit) lowest = Math.max(lowest, scores[i]! - 2 * CODE_MARGIN);
    }
    return { near, others, beyond };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#native.dispose();
  }

  async #search(query: Float32Array, count: number): Promise<Found> {
    try {
      // Waited for here, so that a failure is seen here.
      return await this.#native.search(query, count, count);
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'GRAPH_BUSY')
        throw new ApiError('ThrottlingException', undefined, { cause });
      this.#fail(cause);
      throw cause;
    }
  }

  #run(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#work().catch((error: unknown) => this.#fail(error));
  }

  async #work(): Promise<void> {
    // Whoever writes many rows in one turn has them inserted together.
    await Promise.resolve();
    while (!this.#closed && this.pending > 0) await this.#insert();
    this.#running = false;
    if (!this.#closed) this.#onIdle();
  }

  async #insert(): Promise<void> {
    this.#batch = this.#takePending();
    if (this.#batch.length === 0) return;
    const started = performance.now();
    const size = this.#batch.length;
    let label = this.#native.count;
    const appended = this.#native.append(this.#arena.copyRows(this.#batch));
    for (const ordinal of this.#batch) {
      this.#ordinals.set(label, ordinal);
      this.#labels.set(ordinal, ++label);
    }
    await appended;
    this.#batch = [];
    const fitting = (size * BATCH_MS) / Math.max(performance.now() - started, 0.1);
    this.#batchSize = Math.max(16, Math.min(MAX_BATCH, this.#batchSize * 2, Math.floor(fitting)));
  }

  #takePending(): number[] {
    const taken: number[] = [];
    // A row freed or written since has left the pending ones or is read as it is now.
    const cursorStop = Math.min(this.#arena.end, this.#cursor + this.#batchSize);
    for (; this.#cursor < cursorStop; this.#cursor++)
      if (this.#arena.keyAt(this.#cursor) !== undefined) taken.push(this.#cursor);
    for (const ordinal of this.#pending) {
      if (taken.length >= this.#batchSize) break;
      this.#pending.delete(ordinal);
      taken.push(ordinal);
    }
    return taken;
  }

  #retire(ordinal: number): void {
    const label = this.#labels.at(ordinal) - 1;
    if (label < 0 || this.#closed) return;
    this.#labels.set(ordinal, 0);
    this.#deleted += this.#native.remove(Uint32Array.of(label));
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#onIdle(error ?? new Error('the graph failed'));
  }
}
