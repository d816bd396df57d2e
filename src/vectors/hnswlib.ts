import type { Arena } from './arena.js';
import type { Hits } from './engine.js';
import {
  CANDIDATES_PER_MATCH,
  type GraphMaker,
  type GraphSettings,
  type GrowingGraph,
  type Led,
  reachOfChance,
} from './graph-engine.js';
import { Feed } from './graph-feed.js';
import type { HnswlibHost, HnswlibWorker } from './hnswlib-host.js';

/**
 * Chosen for recall on synthetic face-like vectors: of 100,000 rows at 128 dimensions, 160 candidates
 * missed none of 2,500 faces of the same person.
 */
export const HNSWLIB_SETTINGS = {
  m: () => 16,
  efConstruction: 200,
  candidates: (rows: number) =>
    rows <= 100_000 ? 160 : rows <= 300_000 ? 256 : rows <= 1_000_000 ? 400 : 640,
  maxShare: 1 / 64,
  maxPending: 4096,
} as const satisfies GraphSettings;

/** A search may have to wait for a batch of inserts. */
const PACE = { batchMs: 8, firstBatch: 32, maxBatch: 512 };

/** Graphs in the worker thread of `host`. */
export const hnswlibGraphs = (host: HnswlibHost): GraphMaker => ({
  name: 'hnswlib',
  settings: HNSWLIB_SETTINGS,
  newGraph: (arena, settings, onIdle) => new HnswlibGraph(arena, host, settings, onIdle),
});

/**
 * One hnswlib graph over an arena, its labels the ordinals. It proposes; scored are the rows of the arena.
 * The worker serves calls in order and one batch of inserts is under way at a time, so searches run between
 * batches.
 */
class HnswlibGraph implements GrowingGraph {
  readonly m: number;
  readonly #arena: Arena;
  readonly #worker: HnswlibWorker;
  readonly #graph: number;
  readonly #feed: Feed;
  /** Rows that wait, in the order they came; those under way among them until they are in the graph. */
  readonly #waiting = new Set<number>();
  readonly #given = new Set<number>();
  #removals: number[] = [];
  #dead = 0;

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
    this.m = settings.m(arena.count, arena.dimension);
    const waiting = this.#waiting;
    const eater = {
      get waiting() {
        return waiting.size;
      },
      take: (ordinals: readonly number[]) => this.#take(ordinals),
      insert: (most: number) => this.#insert(most),
    };
    this.#feed = new Feed(arena, eater, PACE, (error) => {
      if (error !== undefined) this.#drop();
      onIdle(error);
    });
    const { m } = this;
    const { efConstruction } = settings;
    const { dimension, count } = arena;
    const shape = { graph, dimension, m, efConstruction, capacity: count * 1.25 };
    this.#feed.run(worker.call('create', shape));
  }

  get pending(): number {
    return this.#feed.closed ? 0 : this.#feed.pending;
  }

  get size(): number {
    return this.#given.size;
  }

  get dead(): number {
    return this.#dead;
  }

  get worthwhileShare(): number {
    return HNSWLIB_SETTINGS.maxShare;
  }

  async find(led: Led): Promise<Hits | undefined> {
    const { query, limit, floor, most } = led;
    for (let { ef } = led; ef <= most; ) {
      if (this.#feed.unseen > 0) return undefined;
      const pending = [...this.#waiting];
      const near = await this.#search(query, ef);
      const hits = this.#scored(led, new Set([...near, ...pending]));
      const needed = CANDIDATES_PER_MATCH * hits.scores.length;
      if (near.length < ef) return hits;
      const last = hits.scores.length === limit ? hits.scores[limit - 1]! : floor;
      if (ef >= needed) return last > this.#reachOfChance(query, near) ? hits : undefined;
      ef = Math.max(ef * 2, needed);
    }
    return undefined;
  }

  written(ordinal: number): void {
    if (!this.#feed.closed) this.#feed.written(ordinal);
  }

  freed(ordinal: number): void {
    if (this.#feed.closed) return;
    if (this.#given.has(ordinal)) {
      this.#dead++;
      if (this.#removals.push(ordinal) === 1) queueMicrotask(() => this.#remove());
    }
    // A graph that has gone idle may be worn by now.
    this.#feed.run();
  }

  without(ordinals: Uint32Array): Uint32Array {
    return this.#feed.closed ? ordinals : ordinals.filter((ordinal) => !this.#given.has(ordinal));
  }

  close(): void {
    if (this.#feed.close()) this.#drop();
  }

  /** `near`: candidates, best first. */
  #reachOfChance(query: Float32Array, near: Uint32Array): number {
    const places = Uint32Array.of(near.at(-1)!, near[near.length >> 2]!);
    const [farthest, quarter] = this.#arena.table.score(query, places);
    return reachOfChance(farthest!, quarter!);
  }

  /** The best of these rows that are there. */
  #scored({ query, limit, floor, allowed }: Led, proposed: Iterable<number>): Hits {
    const isAllowed = (ordinal: number) =>
      !allowed || ((allowed.bits[ordinal >> 3] ?? 0) >> (ordinal & 7)) % 2 === 1;
    const rows = Uint32Array.from(
      [...proposed].filter(
        (ordinal) => this.#arena.keyAt(ordinal) !== undefined && isAllowed(ordinal),
      ),
    );
    const scores = this.#arena.table.score(query, rows);
    const best = Array.from(rows.keys())
      .filter((at) => scores[at]! >= floor)
      .toSorted((a, b) => scores[b]! - scores[a]! || rows[a]! - rows[b]!)
      .slice(0, limit);
    return {
      ordinals: Uint32Array.from(best, (at) => rows[at]!),
      scores: Float32Array.from(best, (at) => scores[at]!),
    };
  }

  async #search(query: Float32Array, count: number): Promise<Uint32Array> {
    try {
      return await this.#worker.call('search', { graph: this.#graph, query, count });
    } catch (error) {
      this.#feed.fail(error);
      throw error;
    }
  }

  #take(ordinals: readonly number[]): void {
    for (const ordinal of ordinals) {
      this.#given.add(ordinal);
      this.#waiting.add(ordinal);
    }
  }

  async #insert(most: number): Promise<void> {
    const taken: number[] = [];
    for (const ordinal of this.#waiting) {
      if (taken.length === most) break;
      taken.push(ordinal);
    }
    const labels = taken.filter((ordinal) => this.#arena.keyAt(ordinal) !== undefined);
    const rows = this.#arena.copyRows(labels);
    await this.#worker.call('add', { graph: this.#graph, labels, rows }, [rows.buffer]);
    for (const ordinal of taken) this.#waiting.delete(ordinal);
  }

  /** Has the worker mark what was removed in this turn; it ignores rows that never reached it. */
  #remove(): void {
    const labels = Uint32Array.from(this.#removals);
    this.#removals = [];
    this.#worker
      .call('remove', { graph: this.#graph, labels })
      .catch((error: unknown) => this.#feed.fail(error));
  }

  #drop(): void {
    // A worker that has ended has no graph left to free.
    this.#worker.call('drop', { graph: this.#graph }).catch(() => undefined);
  }
}
