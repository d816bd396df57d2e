import { createRequire } from 'node:module';

/** What a search of a native graph found: ids, nearest first, and cosines of the int8 codes, off by at most about 0.01. */
export interface Found {
  ids: Uint32Array;
  scores: Float32Array;
}

/** What a graph is made from; RangeError or TypeError for anything outside these bounds. */
export interface NativeGraphShape {
  /** 1 to 8192. */
  dimension: number;
  /** Links of a node on the upper levels, 2 to 64; twice as many on the lowest. */
  m: number;
  /** Candidates looked at for an insert, 1 to 65,536. */
  efConstruction: number;
  /** Instruction set of the distances; the best where it is not given. */
  kernel?: string;
  /** Searches expected to take longer go to the threads of the addon; 150 where it is not given. */
  inlineMicroseconds?: number;
}

/**
 * A graph over int8 codes in native memory. Vectors get the ids 0, 1, … in the order they are appended and
 * are kept as codes alone: it proposes, and who asks scores the vectors themselves. Arguments are checked
 * once a call (TypeError, RangeError: not finite, zero, another dimension); other errors have a `code`:
 * GRAPH_DISPOSED after `dispose`, GRAPH_BUSY when too much waits for the threads, GRAPH_MEMORY.
 */
export interface NativeGraph {
  /** Rows appended, deleted ones among them. At most 2^28. */
  readonly count: number;
  /** Rows deleted. */
  readonly dead: number;
  /**
   * Inserts rows laid end to end; they are copied before it returns and found once it resolves. After it
   * rejects, or throws GRAPH_BUSY, some of them may never be found.
   */
  append(rows: Float32Array): Promise<void>;
  /** Deletes rows, which are never found from then on, and returns how many were there. */
  remove(ids: Uint32Array): number;
  /** About the `limit` nearest rows of `ef` ≥ limit candidates; a promise when it is done by another thread. */
  search(query: Float32Array, limit: number, ef: number): Found | Promise<Found>;
  /** Frees the memory once searches under way have ended; these still answer. */
  dispose(): void;
}

export type NativeGraphClass = new (shape: NativeGraphShape) => NativeGraph;

const ADDON = '../../native/build/Release/likeness.node';

const require = createRequire(import.meta.url);

/** The class, or undefined where the addon is missing, does not load or is too old to have it. */
export function loadNativeGraph(file: string = ADDON): NativeGraphClass | undefined {
  try {
    const { Graph } = require(file) as { Graph?: unknown };
    return typeof Graph === 'function' ? (Graph as NativeGraphClass) : undefined;
  } catch {
    // Why the addon does not load is told once, where the kernels are loaded from it.
    return undefined;
  }
}
