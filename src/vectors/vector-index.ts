import { Arena } from './arena.js';
import type { Engine } from './engine.js';
import { FlatEngine } from './flat.js';
import { GraphEngine, type GraphMaker, type GraphSettings } from './graph-engine.js';
import type { Kernel } from './kernels.js';
import type { Pacer } from './pacer.js';
import { search, type Wanted } from './searching.js';
import type { GraphParts, IndexImage, IndexParts } from './snapshot-state.js';
import type { Table, TableShape } from './table.js';
import type { Log, Match } from './vectors.js';

/** What all indexes of one service share. */
export interface IndexTools {
  readonly kernel: Kernel;
  readonly newTable: (shape: TableShape) => Table;
  /** Memory for so many floats of rows. */
  readonly newSegment?: (floats: number) => Float32Array;
  readonly pacer: Pacer;
  readonly log: Log;
}

/** How one index searches. */
export interface IndexPlan {
  /** Undefined: always scan. */
  readonly graphs: GraphMaker | undefined;
  readonly graphSettings?: GraphSettings;
  /** Up to this many rows every search scans and no graph is kept. */
  readonly flatLimit: number;
}

/** The vectors of one kind of one collection, searched by whichever engine suits their number. */
export class VectorIndex {
  readonly #arena: Arena;
  readonly #flat: Engine;
  readonly #tools: IndexTools;
  #plan: IndexPlan;
  #graph: GraphEngine | undefined;

  /** With `restored` it holds what a snapshot held. */
  constructor(dimension: number, tools: IndexTools, plan: IndexPlan, restored?: IndexParts) {
    const { kernel, newSegment } = tools;
    const table = restored?.table ?? tools.newTable({ dimension });
    this.#arena = new Arena({
      dimension,
      kernel,
      table,
      ...(newSegment && { newSegment }),
      ...(restored && { restored }),
    });
    this.#flat = new FlatEngine(this.#arena, tools.pacer);
    this.#tools = tools;
    this.#plan = plan;
    this.#chooseEngine(restored?.graph);
    if (restored?.graph && !this.#graph) this.#arena.release(restored.graph.held);
  }

  get count(): number {
    return this.#arena.count;
  }

  /** Rows a graph has yet to take in; 0 where none is kept. */
  get pending(): number {
    return this.#graph?.pending ?? 0;
  }

  /** Which engine searches now. */
  get engine(): Engine['name'] {
    return (this.#graph ?? this.#flat).name;
  }

  /** From now on it is searched otherwise. */
  replan(plan: IndexPlan): void {
    this.close();
    this.#plan = plan;
    this.#chooseEngine();
  }

  /** Undefined removes; removing what is not there changes nothing. RangeError for anything but a unit vector. */
  set(key: string, vector: Float32Array | undefined): void {
    if (vector) {
      const { ordinal, left } = this.#arena.put(key, vector);
      this.#left(left);
      this.#graph?.written(ordinal);
    } else this.#left(this.#arena.remove(key));
    this.#chooseEngine();
  }

  async search(wanted: Wanted): Promise<Match[]> {
    const { query, limit, minCosine } = wanted;
    if (!Number.isInteger(limit) || limit < 1)
      throw new RangeError(`the limit is ${limit}, expected a positive integer`);
    if (Number.isNaN(minCosine)) throw new RangeError('minCosine is not a number');
    this.#arena.check(query, 'the query');
    return search(this.#arena, this.#graph ?? this.#flat, wanted);
  }

  /** As it is now; nothing that is there now is written over until the image is released. */
  image(): IndexImage {
    return {
      table: this.#arena.table,
      graph: this.#graph?.native,
      keyAt: (ordinal) => this.#arena.keyAt(ordinal),
      release: this.#arena.pin(),
    };
  }

  /** Lets go of the graph. Searches still answer; the rows go when nothing refers to the index any more. */
  close(): void {
    this.#graph?.close();
    this.#graph = undefined;
  }

  #left(ordinal: number | undefined): void {
    if (ordinal !== undefined && !this.#graph?.freed(ordinal)) this.#arena.release([ordinal]);
  }

  #chooseEngine(restored?: GraphParts): void {
    const { graphs: maker, graphSettings: settings, flatLimit } = this.#plan;
    if (!this.#graph && maker && this.count > flatLimit) {
      const { log } = this.#tools;
      const tools = { flat: this.#flat, maker, log, restored, ...(settings && { settings }) };
      this.#graph = new GraphEngine(this.#arena, tools);
    }
    // Half as a margin, so that a count that swings about the limit does not build graph after graph.
    if (this.#graph && this.count < flatLimit / 2) this.close();
  }
}
