import { type UnitCheck, unitCheck } from './check.js';
import type { Kernel } from './kernels.js';
import type { Hits } from './ranking.js';

/** Rows of a full segment: 32 MiB at 512 dimensions. */
export const SEGMENT_ROWS = 16_384;

/** Rows the first segment starts with; most collections are small. */
const FIRST_ROWS = 64;

/** A run of rows in memory that worker threads and native code can share. */
export interface Segment {
  /** Ordinal of its first row. */
  readonly base: number;
  /** Rows end to end, dimension floats each. Backed by a SharedArrayBuffer. */
  readonly rows: Float32Array;
  /** 1 where the row is in use. Backed by a SharedArrayBuffer. */
  readonly live: Uint8Array;
  /** The rows' int8 codes, where the kernel has any. Backed by SharedArrayBuffers. */
  readonly coded: { readonly codes: Uint8Array; readonly scales: Float32Array } | undefined;
}

/**
 * The unit vectors of one collection and kind, each under a key and at an ordinal.
 *
 * An ordinal is a row's address: segment ordinal / SEGMENT_ROWS, row ordinal % SEGMENT_ROWS. A key keeps
 * its ordinal while it is here, also when its vector is replaced; the ordinal of a removed key is given
 * to a later one. Full segments never move; the first one alone is copied while it grows to full size.
 */
export class Arena {
  readonly dimension: number;
  readonly kernel: Kernel;
  /** Throws a RangeError for anything but a unit vector of this dimension. */
  readonly check: UnitCheck;
  readonly #segments: Segment[] = [];
  readonly #ordinals = new Map<string, number>();
  /** By ordinal; undefined where the row is free. */
  readonly #keys: (string | undefined)[] = [];
  readonly #free: number[] = [];
  #version = 0;

  constructor(dimension: number, kernel: Kernel) {
    if (!Number.isInteger(dimension) || dimension < 1)
      throw new RangeError(`the dimension is ${dimension}, expected a positive integer`);
    this.dimension = dimension;
    this.kernel = kernel;
    this.check = unitCheck(kernel, dimension);
  }

  /** How many keys it holds. */
  get count(): number {
    return this.#ordinals.size;
  }

  /** All ordinals in use are below this. */
  get end(): number {
    return this.#keys.length;
  }

  /** Changes with every change of contents: equal numbers mean equal contents. */
  get version(): number {
    return this.#version;
  }

  /**
   * Searches the rows of a slice as `Kernel.topK` does, by their codes where there are any: the result is
   * the same, reading a quarter of the bytes.
   */
  topK(query: Float32Array, slice: Segment, floor: number, found: Hits): number {
    const { rows, live, coded } = slice;
    const { ordinals, scores } = found;
    const codedKernel = this.kernel.coded;
    if (!coded || !codedKernel) return this.kernel.topK(query, rows, live, floor, ordinals, scores);
    const { codes, scales } = coded;
    return codedKernel.topK(query, rows, codes, scales, live, floor, ordinals, scores);
  }

  /** At most `maxRows` rows of one segment, from the row at `ordinal` on. Valid until the next `put`. */
  slice(ordinal: number, maxRows: number): Segment {
    const { dimension } = this;
    const { base, rows, live, coded } = this.#segmentOf(ordinal);
    const start = ordinal - base;
    const end = Math.min(start + maxRows, live.length, this.end - base);
    return {
      base: ordinal,
      rows: rows.subarray(start * dimension, end * dimension),
      live: live.subarray(start, end),
      coded: coded && {
        codes: coded.codes.subarray(start * dimension, end * dimension),
        scales: coded.scales.subarray(start * 2, end * 2),
      },
    };
  }

  ordinalOf(key: string): number | undefined {
    return this.#ordinals.get(key);
  }

  /** Undefined where the row is free. */
  keyAt(ordinal: number): string | undefined {
    return this.#keys[ordinal];
  }

  /** Writes the vector of a key, new or not, and returns its ordinal. RangeError for anything but a unit vector. */
  put(key: string, vector: Float32Array): number {
    this.check(vector, `the vector of ${key}`);
    const ordinal = this.#ordinals.get(key) ?? this.#take(key);
    const { rows, live, coded } = this.#segmentOf(ordinal);
    const row = ordinal % SEGMENT_ROWS;
    rows.set(vector, row * this.dimension);
    if (coded) this.kernel.coded?.encode(vector, coded.codes, coded.scales, row);
    live[row] = 1;
    this.#version++;
    return ordinal;
  }

  /** Frees the row of a key and returns the ordinal it had, or undefined where there was no such key. */
  remove(key: string): number | undefined {
    const ordinal = this.#ordinals.get(key);
    if (ordinal === undefined) return undefined;
    this.#segmentOf(ordinal).live[ordinal % SEGMENT_ROWS] = 0;
    this.#ordinals.delete(key);
    this.#keys[ordinal] = undefined;
    this.#free.push(ordinal);
    this.#version++;
    return ordinal;
  }

  /** The ordinals in use, rising. */
  *liveOrdinals(): Generator<number> {
    for (let ordinal = 0; ordinal < this.end; ordinal++)
      if (this.#keys[ordinal] !== undefined) yield ordinal;
  }

  /** Copies rows end to end, in the order of `ordinals`. */
  copyRows(ordinals: readonly number[]): Float32Array<ArrayBuffer> {
    const copy = new Float32Array(ordinals.length * this.dimension);
    for (const [i, ordinal] of ordinals.entries()) {
      const start = (ordinal % SEGMENT_ROWS) * this.dimension;
      const row = this.#segmentOf(ordinal).rows.subarray(start, start + this.dimension);
      copy.set(row, i * this.dimension);
    }
    return copy;
  }

  /** scores[i] = query · the row at ordinals[i]: one native call for each segment touched. */
  scores(query: Float32Array, ordinals: Uint32Array): Float32Array {
    const scores = new Float32Array(ordinals.length);
    const [first] = this.#segments;
    if (this.#segments.length === 1 && first) {
      this.kernel.dotGather(query, first.rows, ordinals, scores);
      return scores;
    }
    for (const [segment, positions] of this.#bySegment(ordinals)) {
      const rows = Uint32Array.from(positions, (at) => ordinals[at]! % SEGMENT_ROWS);
      const out = new Float32Array(rows.length);
      this.kernel.dotGather(query, segment.rows, rows, out);
      for (const [i, at] of positions.entries()) scores[at] = out[i]!;
    }
    return scores;
  }

  /** Positions within `ordinals` of the rows in each segment. */
  #bySegment(ordinals: Uint32Array): Map<Segment, number[]> {
    const groups = new Map<Segment, number[]>();
    for (const [at, ordinal] of ordinals.entries()) {
      const segment = this.#segmentOf(ordinal);
      const group = groups.get(segment);
      if (group) group.push(at);
      else groups.set(segment, [at]);
    }
    return groups;
  }

  #segmentOf(ordinal: number): Segment {
    const segment = this.#segments[Math.floor(ordinal / SEGMENT_ROWS)];
    if (!segment) throw new RangeError(`no row has ordinal ${ordinal}`);
    return segment;
  }

  #take(key: string): number {
    const ordinal = this.#free.pop() ?? this.#append();
    this.#ordinals.set(key, ordinal);
    this.#keys[ordinal] = key;
    return ordinal;
  }

  #append(): number {
    const ordinal = this.#keys.length;
    const index = Math.floor(ordinal / SEGMENT_ROWS);
    const segment = this.#segments[index];
    if (!segment) {
      const rows = index === 0 ? FIRST_ROWS : SEGMENT_ROWS;
      this.#segments.push(this.#newSegment(index * SEGMENT_ROWS, rows));
    } else if (ordinal - segment.base === segment.live.length) {
      const grown = this.#newSegment(segment.base, segment.live.length * 2);
      grown.rows.set(segment.rows);
      grown.live.set(segment.live);
      if (segment.coded) {
        grown.coded?.codes.set(segment.coded.codes);
        grown.coded?.scales.set(segment.coded.scales);
      }
      this.#segments[index] = grown;
    }
    return ordinal;
  }

  #newSegment(base: number, rows: number): Segment {
    const floats = rows * this.dimension;
    return {
      base,
      rows: new Float32Array(new SharedArrayBuffer(floats * Float32Array.BYTES_PER_ELEMENT)),
      live: new Uint8Array(new SharedArrayBuffer(rows)),
      coded: this.kernel.coded && {
        codes: new Uint8Array(new SharedArrayBuffer(floats)),
        scales: new Float32Array(new SharedArrayBuffer(2 * rows * Float32Array.BYTES_PER_ELEMENT)),
      },
    };
  }
}
