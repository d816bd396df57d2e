import { createRequire } from 'node:module';

/** What was found for the queries of one call. */
export interface Results {
  /** Rows found, query after query, each query's best first, of equal scores the lower ordinal first. */
  ordinals: Uint32Array;
  /** Their exact scores. */
  scores: Float32Array;
  /** ends[i]: where the results of query i end. */
  ends: Uint32Array;
  /** complete[i]: 0 where what was found for query i is of no use and it must be scanned. */
  complete: Uint8Array;
}

/**
 * The vectors of one collection and kind by ordinal, with their int8 codes: floats in segments given to
 * it, codes in memory of its own. A row is written once; its place may be written again after it was
 * removed and every search that began before has ended.
 *
 * Arguments are checked once a call (TypeError, RangeError: not finite, not of unit length, another
 * dimension, no such ordinal); other errors have a `code`: VECTORS_DISPOSED after `dispose`, VECTORS_BUSY
 * when too much waits for the threads, VECTORS_MEMORY.
 */
export interface Table {
  /** What a search of all rows is expected to take on one thread. */
  readonly scanMicroseconds: number;
  /**
   * Makes room for the next rows: segmentRows(n) × dimension floats for segment n, in memory that neither
   * moves nor is given away, such as a SharedArrayBuffer.
   */
  addSegment(rows: Float32Array): void;
  /** Writes a unit vector where no row is. */
  put(ordinal: number, vector: Float32Array): void;
  /** The row is not found from now on. False where there was none. */
  remove(ordinal: number): boolean;
  /** scores[i] = query · the row at ordinals[i], also of one that was removed. */
  score(query: Float32Array, ordinals: Uint32Array): Float32Array;
  /**
   * Exactly the best limits[i] rows of those that score at least floors[i], for each of the queries laid
   * end to end. `allowed` has a bit for each ordinal that may be found (bit o % 8 of byte o / 8); undefined:
   * all. A promise when it is done by other threads.
   */
  search(
    queries: Float32Array,
    limits: Uint32Array,
    floors: Float64Array,
    allowed?: Uint8Array,
  ): Results | Promise<Results>;
  /** Frees the memory once searches under way have ended; these still answer. */
  dispose(): void;
}

export interface TableShape {
  /** 1 to 8192. */
  dimension: number;
  /** Instruction set, as the name of a kernel; the best where it is not given. */
  kernel?: string;
  /** Searches expected to take longer go to the threads of the addon; 150 where it is not given. */
  inlineMicroseconds?: number;
}

/** What a graph is made from; RangeError or TypeError for anything outside these bounds. */
export interface GraphShape {
  /** Links of a row on the upper levels, 2 to 64; twice as many on the lowest. */
  m: number;
  /** Candidates looked at for an insert, 1 to 65,536. */
  efConstruction: number;
  inlineMicroseconds?: number;
}

/**
 * A graph over the rows of a native table, which proposes where to look; errors are those of a table. A row
 * is given to it once, when it is written, and never at an ordinal that the graph had before.
 */
export interface NativeGraph {
  /** Rows given and not linked yet; searches look at them all the same. */
  readonly pending: number;
  /** Rows given, those removed since among them, and how many these are. */
  readonly size: number;
  readonly dead: number;
  /** What a search is expected to take for each of its candidates. */
  readonly candidateMicroseconds: number;
  /** Rows that all searches so far have scored by their codes. */
  readonly scored: number;
  /** Native memory taken. */
  readonly bytes: number;
  give(ordinals: Uint32Array): void;
  /** Links the first `most` pending rows on the threads of the addon; one call at a time. How many are left. */
  link(most: number): Promise<number>;
  /** Tells it that a row was removed from the table. */
  retire(ordinal: number): void;
  /** Those of these ordinals, in this order, that were never given to it. */
  without(ordinals: Uint32Array): Uint32Array;
  /**
   * As Table.search, looking only where the graph leads: query i begins with efs[i] candidates and goes on, with
   * more, until there are `perMatch` for each match. It is not complete where that takes more than `most`, or
   * where rows could be among the matches that are near by chance alone, to which graphs do not lead.
   */
  // oxlint-disable-next-line max-params -- one call into native code, without an object to take apart
  search(
    queries: Float32Array,
    limits: Uint32Array,
    floors: Float64Array,
    allowed: Uint8Array | undefined,
    efs: Uint32Array,
    most: number,
    perMatch: number,
  ): Results | Promise<Results>;
  dispose(): void;
}

/** What the addon offers beside kernels. */
export interface NativeIndex {
  readonly Table: new (shape: TableShape) => Table;
  readonly Graph: new (table: Table, shape: GraphShape) => NativeGraph;
}

const ADDON = '../../native/build/Release/likeness.node';

const require = createRequire(import.meta.url);

/** Undefined where the addon is missing, does not load or is of another version: then kernels say why. */
export function loadNativeIndex(file: string = ADDON): NativeIndex | undefined {
  try {
    const addon = require(file) as { version: unknown } & Partial<NativeIndex>;
    const { version, Table, Graph } = addon;
    return version === INTERFACE_VERSION && Table && Graph ? { Table, Graph } : undefined;
  } catch {
    return undefined;
  }
}

/** Equals kInterfaceVersion of native/binding.cc. */
export const INTERFACE_VERSION = 5;
