import { ApiError } from '../errors.js';
import type { Arena } from './arena.js';
import { Batcher } from './batcher.js';
import type { Hits } from './engine.js';
import { INLINE_MICROSECONDS } from './flat.js';
import {
  CANDIDATES_PER_MATCH,
  type GraphMaker,
  type GraphSettings,
  type GrowingGraph,
  type Led,
} from './graph-engine.js';
import { Feed } from './graph-feed.js';
import type { Pacer } from './pacer.js';
import type { NativeGraph, NativeIndex } from './table.js';

/**
 * Chosen for recall on synthetic face-like vectors, built in batches: of 100,000 rows at 128 and 512 dimensions 320
 * candidates missed no face of the same person; of a million at 512 dimensions 640 missed one in two thousand, and
 * 1,500 gave what a scan gave for all of 3,000 queries. Above a million a projection.
 */
export const HNSW_SETTINGS: GraphSettings = {
  m: (rows, dimension) => (rows <= 200_000 ? 16 : dimension < 256 ? 32 : 24),
  efConstruction: 200,
  candidates: (rows) =>
    rows <= 30_000 ? 160 : rows <= 300_000 ? 320 : rows <= 1_000_000 ? 1200 : 2000,
  maxShare: 'measured',
  maxPending: 4096,
};

const PACE = { batchMs: 60, firstBatch: 64, maxBatch: 1024 };

/** Graphs in native memory, built and searched by the threads of the addon; only over native tables. */
export const hnswGraphs = ({ Graph }: NativeIndex, pacer: Pacer): GraphMaker => ({
  name: 'hnsw',
  settings: HNSW_SETTINGS,
  newGraph: (arena, settings, onIdle) => {
    const m = settings.m(arena.count, arena.dimension);
    const { efConstruction } = settings;
    return new HnswGraph(arena, new Graph(arena.table, { m, efConstruction }), {
      m,
      pacer,
      onIdle,
    });
  },
  adopt: (arena, { native, m, missing }, onIdle) => {
    native.give(missing);
    return new HnswGraph(arena, native, { m, pacer, onIdle, start: arena.end });
  },
});

/** One native graph over an arena with a native table; its nodes are known by their ordinals. */
class HnswGraph implements GrowingGraph {
  readonly m: number;
  readonly #arena: Arena;
  readonly native: NativeGraph;
  readonly #pacer: Pacer;
  readonly #feed: Feed;
  readonly #batcher: Batcher<Led>;

  constructor(
    arena: Arena,
    native: NativeGraph,
    {
      m,
      pacer,
      onIdle,
      start,
    }: { m: number; pacer: Pacer; onIdle: (error?: unknown) => void; start?: number },
  ) {
    this.m = m;
    this.#arena = arena;
    this.native = native;
    this.#pacer = pacer;
    this.#batcher = new Batcher(({ queries, limits, floors, allowed }, led) =>
      native.search(
        queries,
        limits,
        floors,
        allowed,
        Uint32Array.from(led, ({ ef }) => ef),
        Math.max(...led.map(({ most }) => most)),
        CANDIDATES_PER_MATCH,
      ),
    );
    const pace = { ...PACE, ...(start !== undefined && { start }) };
    const eater = {
      get waiting() {
        return native.pending;
      },
      take: (ordinals: readonly number[]) => native.give(Uint32Array.from(ordinals)),
      insert: async (most: number) => void (await native.link(most)),
    };
    this.#feed = new Feed(arena, eater, pace, (error) => {
      if (error !== undefined) native.dispose();
      onIdle(error);
    });
    this.#feed.run();
  }

  get pending(): number {
    return this.#feed.closed ? 0 : this.#feed.pending;
  }

  get size(): number {
    return this.native.size;
  }

  get dead(): number {
    return this.native.dead;
  }

  get worthwhileShare(): number {
    const { scanMicroseconds } = this.#arena.table;
    return scanMicroseconds / this.native.candidateMicroseconds / Math.max(1, this.#arena.count);
  }

  find(led: Led): Hits | undefined | Promise<Hits | undefined> {
    if (this.#feed.unseen > 0) return undefined;
    const quick = this.native.candidateMicroseconds * led.ef <= INLINE_MICROSECONDS;
    return quick && this.#pacer.hasTime() ? this.#batcher.findNow(led) : this.#findLater(led);
  }

  async #findLater(led: Led): Promise<Hits | undefined> {
    try {
      return await this.#batcher.find(led);
    } catch (error) {
      if (!(error instanceof ApiError)) this.#feed.fail(error);
      throw error;
    }
  }

  written(ordinal: number): void {
    if (!this.#feed.closed) this.#feed.written(ordinal);
  }

  freed(ordinal: number): void {
    if (this.#feed.closed) return;
    this.native.retire(ordinal);
    // A graph that has gone idle may be worn by now.
    this.#feed.run();
  }

  without(ordinals: Uint32Array): Uint32Array {
    return this.#feed.closed ? ordinals : this.native.without(ordinals);
  }

  close(): void {
    if (this.#feed.close()) this.native.dispose();
  }
}
