import { setImmediate as nextTurn } from 'node:timers/promises';
import { CONFIDENCE, varianceAt } from './interval.js';
import { SeededRandom } from './random.js';
import type { Estimate } from './report.js';
import type { Tally } from './tally.js';

/** Replicates between two turns of the event loop. */
const REPLICATES_A_TURN = 20;

/** FMR and FNMR at every threshold, as one drawing of people sees them. */
export interface Curves {
  fmr: Float64Array;
  fnmr: Float64Array;
}

interface Drawing {
  seed: number;
  replicates: number;
  signal?: AbortSignal;
}

/**
 * Draws the units anew with replacement, as many times as asked, and gives the error curves of each drawing. Both
 * kinds of comparisons see the same drawing. A comparison of two units weighs w_a + w_b − 1 (the bootstrap's
 * linear part), and deviations are scaled to the variance of `varianceAt`, so that the noise of single
 * comparisons is not counted twice.
 */
export async function* drawings(
  impostor: Tally,
  genuine: Tally,
  { seed, replicates, signal }: Drawing,
): AsyncGenerator<Curves> {
  const random = new SeededRandom(seed);
  const { units } = impostor;
  const scales = [impostor, genuine].map((tally) => scalesOf(tally));
  for (let replicate = 0; replicate < replicates; replicate++) {
    if (replicate % REPLICATES_A_TURN === 0) {
      await nextTurn();
      signal?.throwIfAborted();
    }
    const weights = new Uint32Array(units);
    for (let draw = 0; draw < units; draw++) weights[random.below(units)]!++;
    yield {
      fmr: weighted(impostor, weights, scales[0]!),
      fnmr: weighted(genuine, weights, scales[1]!),
    };
  }
}

function scalesOf(tally: Tally): Float64Array {
  return Float64Array.from({ length: tally.size }, (_, g) => {
    const { drawn, corrected } = varianceAt(tally, g);
    return drawn > 0 ? Math.sqrt(corrected / drawn) : 1;
  });
}

/** The rates with units weighted, shrunk towards the plain ones; kept between 0 and 1 and monotone. */
function weighted(tally: Tally, weights: Uint32Array, scales: Float64Array): Float64Array {
  const { size, sides, errors, comparisons, unitErrors, unitTotals, kind } = tally;
  const sums = new Float64Array(size);
  let total = 0;
  for (let unit = 0; unit < weights.length; unit++) {
    const weight = weights[unit]!;
    if (weight === 0) continue;
    total += weight * unitTotals[unit]!;
    const at = unit * size;
    for (let g = 0; g < size; g++) sums[g]! += weight * unitErrors[at + g]!;
  }
  if (sides === 2) {
    total -= comparisons;
    for (let g = 0; g < size; g++) sums[g]! -= errors[g]!;
  }
  // A drawing that holds no comparison of this kind says nothing.
  if (total <= 0) return sums.fill(Number.NaN);
  for (let g = 0; g < size; g++) {
    const plain = errors[g]! / comparisons;
    sums[g] = Math.min(1, Math.max(0, plain + (sums[g]! / total - plain) * scales[g]!));
  }
  monotone(sums, kind === 'false-match');
  return sums;
}

function monotone(rates: Float64Array, falling: boolean): void {
  if (falling)
    for (let g = rates.length - 2; g >= 0; g--) rates[g] = Math.max(rates[g]!, rates[g + 1]!);
  else for (let g = 1; g < rates.length; g++) rates[g] = Math.max(rates[g]!, rates[g - 1]!);
}

/** A value with the interval its replicates span; replicates that could not tell are left out. */
export function estimateOf(value: number | null, replicates: readonly (number | null)[]): Estimate {
  const known = replicates.filter((each) => each !== null).toSorted((a, b) => a - b);
  if (value === null) return NOT_MEASURABLE;
  if (known.length < replicates.length / 2 || known.length < 20)
    return { value, low: null, high: null, basis: 'measured' };
  const tail = (1 - CONFIDENCE) / 2;
  return {
    value,
    low: Math.min(value, quantile(known, tail)),
    high: Math.max(value, quantile(known, 1 - tail)),
    basis: 'measured',
  };
}

export const NOT_MEASURABLE: Estimate = {
  value: null,
  low: null,
  high: null,
  basis: 'not-measurable',
};

/** Of sorted values, linear between neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}
