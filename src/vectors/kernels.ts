import { createRequire } from 'node:module';
import { wasmKernel } from './kernel-wasm.js';
import { INTERFACE_VERSION } from './table.js';

/**
 * Arithmetic on many float32 rows at once, for one instruction set. Every function checks the types
 * (TypeError) and sizes (RangeError) of its arguments once a call, keeps nothing and allocates nothing.
 * Rows lie end to end and are query.length floats each.
 */
export interface Kernel {
  /** Instruction set: `avx512`, `avx2`, `neon`, `scalar`, or `wasm`. */
  readonly name: string;
  /** out[i] = query · row i; rows.length = query.length × out.length. */
  readonly dotMany: (query: Float32Array, rows: Float32Array, out: Float32Array) => void;
  /** out[i] = query · row ordinals[i]; RangeError when an ordinal is not below the number of rows. */
  readonly dotGather: (
    query: Float32Array,
    rows: Float32Array,
    ordinals: Uint32Array,
    out: Float32Array,
  ) => void;
  /**
   * Looks at the first live.length rows and writes the best ordinals.length of those with live[i] ≠ 0
   * and a score of at least `floor`, best first, into `ordinals` and `scores` (of equal length).
   * Of equal scores the lower ordinal is better. Returns how many were found.
   */
  // oxlint-disable-next-line max-params -- one call into native code, without an object to take apart
  readonly topK: (
    query: Float32Array,
    rows: Float32Array,
    live: Uint8Array,
    floor: number,
    ordinals: Uint32Array,
    scores: Float32Array,
  ) => number;
  /** Searching by int8 codes, which reads a quarter of the bytes. Not every kernel has it. */
  readonly coded?: CodedKernel;
  /** Counting the scores of all pairs. Only native kernels have it; `pair-histogram.ts` is the way to it. */
  readonly pairs?: PairKernel;
}

/** The scores of all pairs of many rows, tile by tile, counted on a thread of the pool. */
export interface PairKernel {
  /**
   * How many pairs of a row of [rowBegin, rowEnd) and a later one of [columnBegin, columnEnd) score in each of
   * `bins` equal bins from −1 to 1. At most 4,096 rows and 65,536 columns a call. `rows` must lie in a
   * SharedArrayBuffer; rejects with a RangeError where one of them is longer than a unit vector.
   */
  // oxlint-disable-next-line max-params -- one call into native code, without an object to take apart
  readonly count: (
    rows: Float32Array,
    dimension: number,
    bins: number,
    rowBegin: number,
    rowEnd: number,
    columnBegin: number,
    columnEnd: number,
  ) => Promise<Uint32Array>;
  /**
   * Keeps the multiply-add units of the CPU busy for some rounds and returns how many floating-point
   * operations that was: the peak that a benchmark holds `count` against.
   */
  readonly saturate: (rounds: number) => number;
}

/**
 * Rows that are kept a second time as int8 codes: one byte for each float, and for each row two floats in
 * `scales`, what one step of its codes is worth and what rounding to them has lost. Only for rows of unit
 * length and at most 65,536 floats. Arguments are checked as in `Kernel`.
 */
export interface CodedKernel {
  /** Instruction set, such as `avx512vnni`. */
  readonly name: string;
  /** Writes codes and scales of `row` as row number `at`; RangeError where there is no such row. */
  readonly encode: (row: Float32Array, codes: Uint8Array, scales: Float32Array, at: number) => void;
  /** Sum of (code[i] − 128) × query[i], exactly; native kernels only. Of equal length, at most 65,536. */
  readonly dot?: (code: Uint8Array, query: Int8Array) => number;
  /**
   * Finds exactly what `Kernel.topK` finds, with the same scores: a row's floats are read where its code
   * score, plus all that rounding can have lost, reaches the floor and the worst of the best so far.
   */
  // oxlint-disable-next-line max-params -- one call into native code, without an object to take apart
  readonly topK: (
    query: Float32Array,
    rows: Float32Array,
    codes: Uint8Array,
    scales: Float32Array,
    live: Uint8Array,
    floor: number,
    ordinals: Uint32Array,
    scores: Float32Array,
  ) => number;
}

/** The kernels of this host and, where the native ones are missing though they were built, why. */
export interface KernelTable {
  /** Best first. The last, in WebAssembly, is always there. */
  readonly kernels: readonly [Kernel, ...Kernel[]];
  /** Set when the addon exists but cannot be used: another architecture, Node ABI or source version. */
  readonly kernelProblem?: Error;
}

const ADDON = '../../native/build/Release/likeness.node';

const require = createRequire(import.meta.url);

/**
 * Finds every kernel this host can run. Having no addon at all is a supported setup, not a problem.
 * `file` is the addon, relative to this module or absolute.
 */
export function loadKernels(file: string = ADDON): KernelTable {
  const fallback = wasmKernel();
  try {
    const addon = require(file) as { version: unknown; kernels: Kernel[] };
    if (addon.version !== INTERFACE_VERSION)
      throw new Error(
        `the native addon has interface version ${String(addon.version)}, expected ${INTERFACE_VERSION}: build it again`,
      );
    const [best, ...others] = addon.kernels;
    return { kernels: best ? [best, ...others, fallback] : [fallback] };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND')
      return { kernels: [fallback] };
    const kernelProblem = cause instanceof Error ? cause : new Error(String(cause));
    return { kernels: [fallback], kernelProblem };
  }
}

/** Every kernel this host can run, best first. */
export const kernels = (): readonly [Kernel, ...Kernel[]] => loadKernels().kernels;
