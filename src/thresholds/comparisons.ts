import type { Kernel } from '../vectors/kernels.js';
import { type UnitHistogram, unitHistograms } from '../vectors/pair-histogram.js';
import { cosineOf, genuinePairs, rowAt, type Samples } from './samples.js';
import type { Grid } from './scale.js';
import { levelOf, Tally } from './tally.js';

/** Bins of the cosine: 3e-5 wide, 0.02 of similarity where it is steepest. */
export const BINS = 65_536;

/** A pair of faces, as rows. */
export interface Pair {
  a: number;
  b: number;
  cosine: number;
}

/** What comparing faces gave. */
export interface Comparisons {
  impostor: Tally;
  genuine: Tally;
  /** How many impostor and genuine pairs lie in each of BINS equal bins of cosine from −1 to 1. */
  impostorBins: Float64Array;
  genuineBins: Float64Array;
  /** Impostor pairs that score highest and genuine ones that score lowest, the worst first. */
  worstImpostor: Pair[];
  worstGenuine: Pair[];
}

export interface CompareOptions {
  kernel: Kernel;
  grid: Grid;
  threads: number;
  /** How many of the worst pairs to name. */
  worst: number;
  signal?: AbortSignal;
  onProgress?: (share: number) => void;
}

/**
 * Compares every face with every other. An impostor pair counts as reaching whatever threshold the upper edge of its
 * bin reaches, so that an FMR is never understated; genuine pairs are judged exactly, and taken out of the
 * histogram of all pairs exactly.
 */
export async function compareAll(samples: Samples, options: CompareOptions): Promise<Comparisons> {
  const { grid, kernel, worst } = options;
  const result = emptyComparisons(samples, grid);
  const genuine = countGenuine(samples, grid, { result, worst });
  const levels = Uint16Array.from({ length: BINS }, (_, bin) =>
    levelOf(grid.scores, bin === BINS - 1 ? 1 : ((bin + 1) * 2) / BINS - 1 - Number.EPSILON),
  );
  const highestBin = new Int32Array(samples.units).fill(-1);
  const { dimension, unitEnds } = samples;
  await unitHistograms(
    kernel,
    samples.rows,
    { ...options, dimension, bins: BINS, ends: unitEnds },
    ({ unit, within, later, earlier }: UnitHistogram) => {
      for (const bin of genuine.get(unit) ?? []) within[bin]!--;
      for (let bin = 0; bin < BINS; bin++) {
        const [inside, after, before] = [within[bin]!, later[bin]!, earlier[bin]!];
        if (inside + after > 0) {
          result.impostorBins[bin]! += inside + after;
          result.impostor.addTotal(levels[bin]!, inside + after);
          highestBin[unit] = bin;
        }
        const sides = 2 * inside + after + before;
        if (sides > 0) result.impostor.addToUnit(levels[bin]!, unit, sides);
      }
    },
  );
  result.worstImpostor = await highest(samples, options, { bins: result.impostorBins, highestBin });
  result.impostor.close();
  result.genuine.close();
  return result;
}

/** Two rows, and whether the list says that they are one person. */
export interface ListedPair {
  a: number;
  b: number;
  same: boolean;
}

/** Compares the pairs of a list only. */
export function comparePairs(
  samples: Samples,
  pairs: readonly ListedPair[],
  { grid, worst }: Pick<CompareOptions, 'grid' | 'worst'>,
): Comparisons {
  const result = emptyComparisons(samples, grid);
  const { subjectOf, unitOf } = samples;
  for (const { a, b, same } of pairs) {
    const cosine = cosineOf(samples, a, b);
    const units = [unitOf[subjectOf[a]!]!, unitOf[subjectOf[b]!]!] as const;
    (same ? result.genuine : result.impostor).add(levelOf(grid.scores, cosine), units);
    (same ? result.genuineBins : result.impostorBins)[binOf(cosine)]!++;
    if (same) keepWorst(result.worstGenuine, { a, b, cosine }, worst);
    else keepWorst(result.worstImpostor, { a, b, cosine }, worst, -1);
  }
  result.impostor.close();
  result.genuine.close();
  return result;
}

function emptyComparisons({ units }: Samples, grid: Grid): Comparisons {
  const size = grid.thresholds.length;
  return {
    impostor: new Tally('false-match', { sides: 2, units, size }),
    genuine: new Tally('false-non-match', { sides: 1, units, size }),
    impostorBins: new Float64Array(BINS),
    genuineBins: new Float64Array(BINS),
    worstImpostor: [],
    worstGenuine: [],
  };
}

/** Counts genuine pairs; gives their bins by unit, each as often as it occurs. */
function countGenuine(
  samples: Samples,
  grid: Grid,
  { result, worst }: { result: Comparisons; worst: number },
): Map<number, number[]> {
  const bins = new Map<number, number[]>();
  for (const [a, b, cosine] of genuinePairs(samples)) {
    const unit = samples.unitOf[samples.subjectOf[a]!]!;
    result.genuine.add(levelOf(grid.scores, cosine), [unit, unit]);
    const bin = binOf(cosine);
    result.genuineBins[bin]!++;
    const known = bins.get(unit);
    if (known) known.push(bin);
    else bins.set(unit, [bin]);
    keepWorst(result.worstGenuine, { a, b, cosine }, worst);
  }
  return bins;
}

/** As the pair histogram finds it. */
export const binOf = (cosine: number): number =>
  Math.max(0, Math.min(BINS - 1, Math.floor((cosine + 1) * (BINS / 2))));

/** Keeps the list sorted by sign × cosine and no longer than `most`. */
function keepWorst(list: Pair[], pair: Pair, most: number, sign: 1 | -1 = 1): void {
  const last = list[most - 1];
  if (last && sign * pair.cosine >= sign * last.cosine) return;
  const at = list.findIndex((each) => sign * pair.cosine < sign * each.cosine);
  list.splice(at === -1 ? list.length : at, 0, pair);
  if (list.length > most) list.length = most;
}

/** The impostor pairs of the highest bins; only units that have one are gone through again. */
async function highest(
  samples: Samples,
  { kernel, worst, signal }: CompareOptions,
  { bins, highestBin }: { bins: Float64Array; highestBin: Int32Array },
): Promise<Pair[]> {
  let [floorBin, count] = [BINS, 0];
  while (floorBin > 0 && count < worst) count += bins[--floorBin]!;
  // Half a bin of room for float scores; the pairs are judged in double.
  const floor = (floorBin * 2) / BINS - 1 - 1e-6;
  const found: Pair[] = [];
  const total = samples.faces.length;
  const scores = new Float32Array(total);
  for (const [unit, bin] of highestBin.entries()) {
    if (bin < floorBin) continue;
    const [begin, end] = [samples.unitEnds[unit - 1] ?? 0, samples.unitEnds[unit]!];
    for (let a = begin; a < end; a++) {
      if (a + 1 >= total) break;
      const out = scores.subarray(0, total - a - 1);
      kernel.dotMany(rowAt(samples, a), samples.rows.subarray((a + 1) * samples.dimension), out);
      for (const [i, score] of out.entries()) {
        const b = a + 1 + i;
        if (score < floor || samples.subjectOf[a] === samples.subjectOf[b]) continue;
        keepWorst(found, { a, b, cosine: cosineOf(samples, a, b) }, worst, -1);
      }
    }
    await new Promise(setImmediate);
    signal?.throwIfAborted();
  }
  return found;
}
