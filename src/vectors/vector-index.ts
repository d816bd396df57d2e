import { Arena } from './arena.js';
import type { Engine } from './engine.js';
import { exactEngine } from './exact.js';
import { GraphEngine, type GraphMaker, type GraphSettings } from './hnsw-engine.js';
import type { Kernel } from './kernels.js';
import type { Pacer } from './pacer.js';
import type { Log, Match, SearchRequest } from './vectors.js';

/** What all indexes of one service share. */
export interface IndexTools {
  readonly kernel: Kernel;
  readonly pacer: Pacer;
  readonly log: Log;
  /** Undefined: always scan. */
  readonly graphs: GraphMaker | undefined;
  readonly graphSettings?: GraphSettings;
  /** Up to this many rows every search scans and no graph is kept. */
  readonly exactLimit: number;
}

/** The vectors of one kind of one collection, searched by whichever engine suits their number. */
export class VectorIndex {
  readonly #arena: Arena;
  readonly #exact: Engine;
  readonly #tools: IndexTools;
  #graph: GraphEngine | undefined;

  constructor(dimension: number, tools: IndexTools) {
    this.#arena = new Arena(dimension, tools.kernel);
    this.#exact = exactEngine(this.#arena, tools.pacer);
    this.#tools = tools;
  }

  get count(): number {
    return this.#arena.count;
  }

  /** Rows a graph has yet to take in; 0 where none is kept. */
  get pending(): number {
    return this.#graph?.pending ?? 0;
  }

  /** Undefined removes; removing what is not there changes nothing. RangeError for anything but a unit vector. */
  set(key: string, vector: Float32Array | undefined): void {
    const ordinal = vector ? this.#arena.put(key, vector) : this.#arena.remove(key);
    if (ordinal === undefined) return;
    if (vector) this.#graph?.written(ordinal);
    else this.#graph?.freed(ordinal);
    this.#chooseEngine();
  }

  async search({
    query,
    limit,
    minCosine,
    exclude,
  }: Omit<SearchRequest, 'kind'>): Promise<Match[]> {
    if (!Number.isInteger(limit) || limit < 1)
      throw new RangeError(`the limit is ${limit}, expected a positive integer`);
    if (Number.isNaN(minCosine)) throw new RangeError('minCosine is not a number');
    this.#arena.check(query, 'the query');
    const engine = this.#graph ?? this.#exact;
    if (exclude === undefined) return engine.search({ query, limit, minCosine });
    const matches = await engine.search({ query, limit: limit + 1, minCosine });
    return matches.filter(({ key }) => key !== exclude).slice(0, limit);
  }

  close(): void {
    this.#graph?.close();
    this.#graph = undefined;
  }

  #chooseEngine(): void {
    const { exactLimit, graphs: maker, log, graphSettings: settings } = this.#tools;
    if (!this.#graph && maker && this.count > exactLimit) {
      const tools = { exact: this.#exact, maker, log, ...(settings && { settings }) };
      this.#graph = new GraphEngine(this.#arena, tools);
    }
    // Half as a margin, so that a count that swings about the limit does not build graph after graph.
    if (this.#graph && this.count < exactLimit / 2) this.close();
  }
}
