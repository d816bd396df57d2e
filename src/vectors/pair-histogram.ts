import { setImmediate as nextCheckPhase } from 'node:timers/promises';
import type { Kernel } from './kernels.js';

/** Rows and columns of a block: about a tenth of a second natively at 512 dimensions, and 8 MiB of packed rows. */
const BLOCK_ROWS = 4096;

/** Columns of a block of a unit, which has few rows: the most the kernels take. */
const BLOCK_COLUMNS = 65_536;

/** Float scores this close to the edge of a bin are made again in double. */
const DOUBT = 2e-6;

export interface PairHistogramOptions {
  dimension: number;
  /** Equal bins from −1 to 1; at most 65,536. */
  bins: number;
  /** Blocks counted at a time, each on a thread of the pool; 1 where nothing else is said. */
  threads?: number;
  /** Aborting rejects with its reason as soon as the blocks under way are done. */
  signal?: AbortSignal;
  /** Called after each block with the share of pairs counted so far, 0 to 1. */
  onProgress?: (share: number) => void;
}

/**
 * How often each score occurs among all pairs of unit vectors laid end to end: of every two rows once.
 * Scores are judged in double precision, so that every kernel gives the same counts. Rows that do not lie
 * in a SharedArrayBuffer are copied once; beyond that the memory needed does not grow with their number.
 * RangeError for anything but unit vectors.
 */
export async function pairHistogram(
  kernel: Kernel,
  rows: Float32Array,
  { dimension, bins, threads = 1, signal, onProgress }: PairHistogramOptions,
): Promise<Float64Array> {
  if (!Number.isInteger(dimension) || dimension < 1 || rows.length % dimension !== 0)
    throw new RangeError(`${rows.length} floats are not rows of dimension ${dimension}`);
  if (!Number.isInteger(bins) || bins < 1 || bins > 65_536)
    throw new RangeError(`${bins} bins, expected 1 to 65536`);
  const count = rows.length / dimension;
  const counter = { kernel, rows: inSharedMemory(rows), dimension, bins };
  const totals = new Float64Array(bins);
  const pairs = (count * (count - 1)) / 2;
  const blocks = blocksOf(count);
  let counted = 0;

  const work = async (): Promise<void> => {
    for (const block of blocks) {
      signal?.throwIfAborted();
      const counts = await countBlock(counter, block);
      for (let bin = 0; bin < bins; bin++) {
        totals[bin]! += counts[bin]!;
        counted += counts[bin]!;
      }
      onProgress?.(pairs === 0 ? 1 : counted / pairs);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: threads }, work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return totals;
}

/** How often each score occurs among the pairs of one unit of rows. */
export interface UnitHistogram {
  unit: number;
  /** Pairs with both rows in the unit. */
  within: Float64Array;
  /** Pairs of a row of the unit and a row of a later one. */
  later: Float64Array;
  /** Pairs of a row of the unit and a row of an earlier one. */
  earlier: Float64Array;
}

/**
 * The same, unit by unit, for statistics that draw units anew: the rows of unit u end before row `ends[u]`, and the
 * next unit begins there. Every pair between units is scored twice, once for each. The sum of all `within` and
 * `later` is the histogram of all pairs. Units come in no particular order; their arrays are the caller's.
 */
export async function unitHistograms(
  kernel: Kernel,
  rows: Float32Array,
  { dimension, bins, threads = 1, signal, onProgress, ends }: UnitOptions,
  onUnit: (histogram: UnitHistogram) => void,
): Promise<void> {
  const count = rows.length / dimension;
  if (!Number.isInteger(count) || (ends.at(-1) ?? 0) !== count)
    throw new RangeError(`the units end at row ${ends.at(-1) ?? 0}, expected ${count}`);
  const counter = { kernel, rows: inSharedMemory(rows), dimension, bins };
  const sumOf = async (blocks: Iterable<Block>): Promise<Float64Array> => {
    const sum = new Float64Array(bins);
    for (const block of blocks) {
      signal?.throwIfAborted();
      const counts = await countBlock(counter, block);
      for (let bin = 0; bin < bins; bin++) sum[bin]! += counts[bin]!;
    }
    return sum;
  };
  const pending = ends.keys();
  let done = 0;
  const work = async (): Promise<void> => {
    for (const unit of pending) {
      const [begin, end] = [ends[unit - 1] ?? 0, ends[unit]!];
      onUnit({
        unit,
        within: await sumOf(rectangle([begin, end], [begin, end])),
        later: await sumOf(rectangle([begin, end], [end, count])),
        earlier: await sumOf(rectangle([0, begin], [begin, end])),
      });
      onProgress?.(++done / ends.length);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: threads }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

export interface UnitOptions extends PairHistogramOptions {
  ends: readonly number[];
}

/** The blocks of rows [from, to) and columns [from, to). */
function* rectangle(
  [rowFrom, rowTo]: readonly [number, number],
  [columnFrom, columnTo]: readonly [number, number],
): Generator<Block> {
  for (let rowBegin = rowFrom; rowBegin < rowTo; rowBegin += BLOCK_ROWS)
    for (let columnBegin = columnFrom; columnBegin < columnTo; columnBegin += BLOCK_COLUMNS) {
      const rowEnd = Math.min(rowBegin + BLOCK_ROWS, rowTo);
      const columnEnd = Math.min(columnBegin + BLOCK_COLUMNS, columnTo);
      yield { rowBegin, rowEnd, columnBegin, columnEnd };
    }
}

interface Block {
  rowBegin: number;
  rowEnd: number;
  columnBegin: number;
  columnEnd: number;
}

interface Counter {
  kernel: Kernel;
  rows: Float32Array;
  dimension: number;
  bins: number;
}

/** The blocks on and above the diagonal. */
function* blocksOf(count: number): Generator<Block> {
  for (let rowBegin = 0; rowBegin < count; rowBegin += BLOCK_ROWS)
    for (let columnBegin = rowBegin; columnBegin < count; columnBegin += BLOCK_ROWS) {
      const rowEnd = Math.min(rowBegin + BLOCK_ROWS, count);
      const columnEnd = Math.min(columnBegin + BLOCK_ROWS, count);
      yield { rowBegin, rowEnd, columnBegin, columnEnd };
    }
}

function inSharedMemory(rows: Float32Array): Float32Array {
  if (rows.buffer instanceof SharedArrayBuffer) return rows;
  const copy = new Float32Array(new SharedArrayBuffer(rows.byteLength));
  copy.set(rows);
  return copy;
}

function countBlock(counter: Counter, block: Block): Promise<Uint32Array> {
  const { kernel, rows, dimension, bins } = counter;
  const { rowBegin, rowEnd, columnBegin, columnEnd } = block;
  if (!kernel.pairs) return countRowByRow(counter, block);
  return kernel.pairs.count(rows, dimension, bins, rowBegin, rowEnd, columnBegin, columnEnd);
}

/** The same without the native tile: row after row, giving way after each. */
async function countRowByRow(
  { kernel, rows, dimension, bins }: Counter,
  { rowBegin, rowEnd, columnBegin, columnEnd }: Block,
): Promise<Uint32Array> {
  const counts = new Uint32Array(bins);
  const scores = new Float32Array(columnEnd - columnBegin);
  const rowAt = (row: number) => rows.subarray(row * dimension, (row + 1) * dimension);
  for (let row = rowBegin; row < rowEnd; row++) {
    const query = rowAt(row);
    const first = Math.max(columnBegin, row + 1);
    checkLength(dotDouble(query, query), row);
    if (first >= columnEnd) continue;
    const out = scores.subarray(0, columnEnd - first);
    kernel.dotMany(query, rows.subarray(first * dimension, columnEnd * dimension), out);
    for (const [i, score] of out.entries()) {
      const near = Math.abs(frac(((score + 1) * bins) / 2) - 0.5) > 0.5 - (DOUBT * bins) / 2;
      const exact = near ? dotDouble(query, rowAt(first + i)) : score;
      const bin = Math.floor((exact + 1) * (bins / 2));
      counts[Math.max(0, Math.min(bins - 1, bin))]!++;
    }
    await nextCheckPhase();
  }
  return counts;
}

const frac = (value: number): number => value - Math.floor(value);

function dotDouble(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function checkLength(squared: number, row: number): void {
  if (!(squared <= 1.01 * 1.01))
    throw new RangeError(`row ${row} must be a vector of length at most 1.01`);
}
