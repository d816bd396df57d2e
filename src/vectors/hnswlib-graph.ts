import type { Arena } from './arena.js';
import type { Wanted } from './engine.js';
import type { GraphSettings, Proposal, ProposingGraph } from './hnsw-engine.js';
import { Numbers } from './hnsw-numbers.js';
import type { HnswlibHost, HnswlibWorker } from './hnswlib-host.js';

/** How long the worker is kept by one batch of inserts, and so how long a search may wait for it. */
const BATCH_MS = 8;
const MAX_BATCH = 512;

/**
 * One hnswlib graph over an arena, and what is known of it on this side.
 *
 * A graph never reuses a label: each vector written gets the next one, and the label of a vector that
 * was replaced or freed is marked deleted. Rows not inserted yet are pending: all at ordinals from
 * #cursor on, and those before it that were written since it passed.
 * One batch of inserts is under way at a time and the worker serves calls in order, so searches run
 * between batches.
 */
export class Graph implements ProposingGraph {
  readonly m: number;
  readonly #arena: Arena;
  readonly #worker: HnswlibWorker;
  readonly #graph: number;
  readonly #onIdle: (error?: unknown) => void;
  readonly #ordinals = new Numbers();
  /** By ordinal, label + 1; 0: not in the graph. */
  readonly #labels = new Numbers();
  readonly #pending = new Set<number>();
  #deletions: number[] = [];
  #deleted = 0;
  #nextLabel = 0;
  #cursor = 0;
  #batch = 32;
  #running = false;
  #closed = false;

  /** `onIdle` is told when nothing is pending any more, or with the error that made the graph unusable. */
  constructor(
    arena: Arena,
    host: HnswlibHost,
    settings: GraphSettings,
    onIdle: (error?: unknown) => void,
  ) {
    const { worker, graph } = host.newGraph();
    this.#arena = arena;
    this.#worker = worker;
    this.#graph = graph;
    this.#onIdle = onIdle;
    this.m = settings.m(arena.count);
    this.#start(settings.efConstruction);
  }

  get pending(): number {
    return this.#pending.size + (this.#arena.end - this.#cursor);
  }

  get deletedShare(): number {
    return this.#deleted / Math.max(1, this.#nextLabel);
  }

  get size(): number {
    return this.#nextLabel;
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
    this.#run();
  }

  async propose({ query }: Wanted, count: number): Promise<Proposal> {
    const others = [...this.#pending];
    for (let at = this.#cursor; at < this.#arena.end; at++) others.push(at);
    const near: number[] = [];
    for (const label of await this.#search(query, count)) {
      const ordinal = this.#ordinals.at(label);
      const current = this.#labels.at(ordinal) === label + 1;
      (current ? near : others).push(ordinal);
    }
    return { near, others, beyond: false };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A worker that has ended has no graph left to free.
    this.#worker.call('drop', { graph: this.#graph }).catch(() => undefined);
  }

  async #search(query: Float32Array, count: number): Promise<Uint32Array> {
    try {
      return await this.#worker.call('search', { graph: this.#graph, query, count });
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #start(efConstruction: number): void {
    this.#running = true;
    const { m } = this;
    const { dimension, count } = this.#arena;
    const capacity = count * 1.25;
    this.#worker
      .call('create', { graph: this.#graph, dimension, m, efConstruction, capacity })
      .then(() => this.#work())
      .catch((error: unknown) => this.#fail(error));
  }

  #run(): void {
    if (this.#running || this.#closed) return;
    this.#running = true;
    this.#work().catch((error: unknown) => this.#fail(error));
  }

  async #work(): Promise<void> {
    while (!this.#closed && (this.#deletions.length > 0 || this.pending > 0)) {
      await this.#delete();
      await this.#insert();
    }
    this.#running = false;
    if (!this.#closed) this.#onIdle();
  }

  async #delete(): Promise<void> {
    if (this.#deletions.length === 0) return;
    const labels = Uint32Array.from(this.#deletions);
    this.#deletions = [];
    await this.#worker.call('remove', { graph: this.#graph, labels });
  }

  async #insert(): Promise<void> {
    const ordinals = this.#takePending();
    if (ordinals.length === 0) return;
    const firstLabel = this.#nextLabel;
    for (const ordinal of ordinals) {
      const label = this.#nextLabel++;
      this.#ordinals.set(label, ordinal);
      this.#labels.set(ordinal, label + 1);
    }
    const rows = this.#arena.copyRows(ordinals);
    const { elapsedMs } = await this.#worker.call('add', { graph: this.#graph, firstLabel, rows }, [
      rows.buffer,
    ]);
    const fitting = (ordinals.length * BATCH_MS) / Math.max(elapsedMs, 0.1);
    this.#batch = Math.max(1, Math.min(MAX_BATCH, this.#batch * 2, Math.floor(fitting)));
  }

  #takePending(): number[] {
    const taken: number[] = [];
    // A row freed or written since has left the pending ones or is read as it is now.
    const cursorStop = Math.min(this.#arena.end, this.#cursor + this.#batch);
    for (; this.#cursor < cursorStop; this.#cursor++)
      if (this.#arena.keyAt(this.#cursor) !== undefined) taken.push(this.#cursor);
    for (const ordinal of this.#pending) {
      if (taken.length >= this.#batch) break;
      this.#pending.delete(ordinal);
      taken.push(ordinal);
    }
    return taken;
  }

  #retire(ordinal: number): void {
    const label = this.#labels.at(ordinal) - 1;
    if (label < 0) return;
    this.#labels.set(ordinal, 0);
    this.#deletions.push(label);
    this.#deleted++;
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#onIdle(error ?? new Error('the graph failed'));
  }
}
