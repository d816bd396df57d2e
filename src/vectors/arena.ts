import { type UnitCheck, unitCheck } from './check.js';
import type { Kernel } from './kernels.js';
import { segmentBase, segmentOf, segmentRows } from './segments.js';
import type { Table } from './table.js';

/** What an arena is made of. */
export interface ArenaParts {
  dimension: number;
  kernel: Kernel;
  table: Table;
  /** Memory for so many floats, zeros; default: a SharedArrayBuffer. */
  newSegment?: (floats: number) => Float32Array;
  /** What the table holds already. */
  restored?: RestoredRows;
}

/** The rows of a table, as an arena knows them. */
export interface RestoredRows {
  segments: Float32Array[];
  /** By ordinal, and by key. */
  keys: (string | undefined)[];
  ordinals: Map<string, number>;
  /** Ordinals without a key that nobody else has to do with. */
  free: number[];
}

/** Looks at an arena over some time. */
export interface Watch {
  /** Ordinals written since it began; some may be free again. */
  written(): readonly number[];
  end(): void;
}

/** An error with the code VECTORS_MEMORY where there is no memory. */
export function sharedFloats(floats: number): Float32Array {
  const bytes = floats * Float32Array.BYTES_PER_ELEMENT;
  try {
    return new Float32Array(new SharedArrayBuffer(bytes));
  } catch (cause) {
    const error = new Error(`there is no memory for ${bytes} bytes of vectors`, { cause });
    throw Object.assign(error, { code: 'VECTORS_MEMORY' });
  }
}

/**
 * The unit vectors of one collection and kind: keys on this side, rows in a table.
 *
 * A row is written once: a key whose vector is replaced moves to another ordinal. A place that was left is
 * used again only when it was released and nothing that began before is under way, so that whoever holds an
 * ordinal never finds another row there.
 */
export class Arena {
  readonly dimension: number;
  readonly table: Table;
  /** Throws a RangeError for anything but a unit vector of this dimension. */
  readonly check: UnitCheck;
  readonly #newSegment: (floats: number) => Float32Array;
  readonly #segments: Float32Array[];
  readonly #ordinals: Map<string, number>;
  /** By ordinal; undefined where the row is free. */
  readonly #keys: (string | undefined)[];
  readonly #free: number[];
  /** Places released while something was under way, each with the number of the next pin then. */
  #released: { before: number; ordinals: Iterable<number> }[] = [];
  /** Numbers of what is under way, rising. */
  readonly #pins = new Set<number>();
  #nextPin = 0;
  #journal: number[] = [];
  #watches = 0;

  constructor({ dimension, kernel, table, newSegment = sharedFloats, restored }: ArenaParts) {
    if (!Number.isInteger(dimension) || dimension < 1)
      throw new RangeError(`the dimension is ${dimension}, expected a positive integer`);
    this.dimension = dimension;
    this.table = table;
    this.check = unitCheck(kernel, dimension);
    this.#newSegment = newSegment;
    this.#segments = restored?.segments ?? [];
    this.#ordinals = restored?.ordinals ?? new Map<string, number>();
    this.#keys = restored?.keys ?? [];
    this.#free = restored?.free ?? [];
  }

  /** How many keys it holds. */
  get count(): number {
    return this.#ordinals.size;
  }

  /** All ordinals in use are below this. */
  get end(): number {
    return this.#keys.length;
  }

  ordinalOf(key: string): number | undefined {
    return this.#ordinals.get(key);
  }

  /** Undefined where the row is free. */
  keyAt(ordinal: number): string | undefined {
    return this.#keys[ordinal];
  }

  /**
   * Writes the vector of a key, new or not: where it stands, and which place it left, if it was not new.
   * RangeError for anything but a unit vector.
   */
  put(key: string, vector: Float32Array): { ordinal: number; left: number | undefined } {
    this.check(vector, `the vector of ${key}`);
    const left = this.#ordinals.get(key);
    const ordinal = this.#take();
    try {
      this.table.put(ordinal, vector);
    } catch (error) {
      this.#free.push(ordinal);
      throw error;
    }
    this.#ordinals.set(key, ordinal);
    this.#keys[ordinal] = key;
    if (left !== undefined) this.#clear(left);
    if (this.#watches > 0) this.#journal.push(ordinal);
    return { ordinal, left };
  }

  /** Removes a key and returns the ordinal it had, or undefined where there was no such key. */
  remove(key: string): number | undefined {
    const ordinal = this.#ordinals.get(key);
    if (ordinal === undefined) return undefined;
    this.#clear(ordinal);
    this.#ordinals.delete(key);
    return ordinal;
  }

  /** Lets places that were left be used again, each of them once. */
  release(ordinals: Iterable<number>): void {
    this.#released.push({ before: this.#nextPin, ordinals });
    this.#recycle();
  }

  /** Until the returned function is called, no place is used again that is left from now on. */
  pin(): () => void {
    const pin = this.#nextPin++;
    this.#pins.add(pin);
    return () => {
      this.#pins.delete(pin);
      this.#recycle();
    };
  }

  /** A pin that also remembers what is written. */
  watch(): Watch {
    const unpin = this.pin();
    const start = this.#journal.length;
    this.#watches++;
    return {
      written: () => this.#journal.slice(start),
      end: () => {
        if (--this.#watches === 0) this.#journal = [];
        unpin();
      },
    };
  }

  /** Copies rows end to end, in the order of `ordinals`. */
  copyRows(ordinals: readonly number[]): Float32Array<ArrayBuffer> {
    const copy = new Float32Array(ordinals.length * this.dimension);
    for (const [i, ordinal] of ordinals.entries()) {
      const segment = segmentOf(ordinal);
      const rows = this.#segments[segment];
      if (!rows) throw new RangeError(`no row has ordinal ${ordinal}`);
      const start = (ordinal - segmentBase(segment)) * this.dimension;
      copy.set(rows.subarray(start, start + this.dimension), i * this.dimension);
    }
    return copy;
  }

  #clear(ordinal: number): void {
    this.table.remove(ordinal);
    this.#keys[ordinal] = undefined;
  }

  #recycle(): void {
    const [oldest = this.#nextPin] = this.#pins;
    let done = 0;
    for (const { before, ordinals } of this.#released) {
      if (before > oldest) break;
      for (const ordinal of ordinals) this.#free.push(ordinal);
      done++;
    }
    if (done > 0) this.#released = this.#released.slice(done);
  }

  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const ordinal = this.#keys.length;
    if (ordinal === segmentBase(this.#segments.length)) {
      const rows = this.#newSegment(segmentRows(this.#segments.length) * this.dimension);
      this.table.addSegment(rows);
      this.#segments.push(rows);
    }
    this.#keys.push(undefined);
    return ordinal;
  }
}
