import type { Rate } from './report.js';
import type { Tally } from './tally.js';

export const CONFIDENCE = 0.95;
/** The quantile of the normal distribution that leaves 2.5 % above. */
const Z = 1.959964;
/** No errors in n independent trials: the rate is below 3/n (rule of three, 95 %). */
export const RULE_OF_THREE = 3;
/** From this many errors on, their spread over people can be told. */
const ENOUGH_ERRORS = 30;

/**
 * The variance of the number of errors when people are drawn anew, in closed form: what infinitely many drawings of
 * the bootstrap over units would give. With `sides` 2 a comparison was counted for both of its units and its own
 * noise therefore twice; once is taken away again (Fafchamps & Gubert 2007; Aronow, Samii & Assenova 2015). Never less
 * than that of independent comparisons.
 */
export function varianceAt(tally: Tally, g: number): { drawn: number; corrected: number } {
  const { units, size, comparisons, unitErrors, unitTotals } = tally;
  const rate = tally.errors[g]! / comparisons;
  let squares = 0;
  let counted = 0;
  for (let unit = 0; unit < units; unit++) {
    if (unitTotals[unit] === 0) continue;
    counted++;
    const residual = unitErrors[unit * size + g]! - rate * unitTotals[unit]!;
    squares += residual * residual;
  }
  const drawn = counted > 1 ? (squares * counted) / (counted - 1) : squares;
  const independent = comparisons * rate * (1 - rate);
  const once = tally.sides === 2 ? drawn - independent : drawn;
  return { drawn, corrected: tally.averaged ? once : Math.max(once, independent) };
}

/** How many times the variance of independent comparisons it is; 1 or more but for averages. */
export function designEffect(tally: Tally, g: number): number {
  const { comparisons, errors } = tally;
  const from = errors[g]! > 0 && errors[g]! < comparisons ? g : informative(tally, g);
  if (from === undefined) return 1;
  const rate = errors[from]! / comparisons;
  // Averages may agree to the last bit; a share of a trial is as little as one can be worth.
  return Math.max(1e-3, varianceAt(tally, from).corrected / (comparisons * rate * (1 - rate)));
}

/** The threshold nearest to g at which enough errors were seen (or else the most) to tell their spread. */
function informative(tally: Tally, g: number): number | undefined {
  const { errors, comparisons, size } = tally;
  const seen = (at: number): number => Math.min(errors[at]!, comparisons - errors[at]!);
  let best: number | undefined;
  for (let distance = 0; distance < size; distance++)
    for (const at of [g - distance, g + distance]) {
      if (at < 0 || at >= size || seen(at) <= 0) continue;
      if (seen(at) >= ENOUGH_ERRORS) return at;
      if (best === undefined || seen(at) > seen(best)) best = at;
    }
  return best;
}

/** The error rate at threshold g with its interval. */
export function rateAt(tally: Tally, g: number): Rate {
  const errors = tally.errors[g] ?? 0;
  const { comparisons } = tally;
  if (comparisons === 0) return NO_RATE;
  const effective = comparisons / designEffect(tally, g);
  const bound = Math.min(1, RULE_OF_THREE / effective);
  if (errors === 0) return { value: 0, low: 0, high: bound, basis: 'bound', errors, comparisons };
  if (errors === comparisons)
    return { value: 1, low: 1 - bound, high: 1, basis: 'measured', errors, comparisons };
  const value = errors / comparisons;
  const [low, high] = scoreInterval(value, effective, informedUnits(tally, errors));
  return { value, low, high, basis: 'measured', errors, comparisons };
}

export const NO_RATE: Rate = {
  value: null,
  low: null,
  high: null,
  basis: 'not-measurable',
  errors: 0,
  comparisons: 0,
};

export function activeUnits({ unitTotals }: Tally): number {
  let active = 0;
  for (const total of unitTotals) if (total > 0) active++;
  return active;
}

/** Units that the spread of this many errors was told from: an error says something of two people at most. */
const informedUnits = (tally: Tally, errors: number): number =>
  Math.min(activeUnits(tally), 2 * Math.min(errors, tally.comparisons - errors));

/**
 * Wilson's score interval for a share of `effective` trials, with Student's quantile for the few units that the
 * variance was told from.
 */
export function scoreInterval(share: number, effective: number, units: number): [number, number] {
  const z = studentQuantile(units - 1);
  const square = (z * z) / effective;
  const centre = (share + square / 2) / (1 + square);
  const half =
    (z * Math.sqrt((share * (1 - share)) / effective + square / (4 * effective))) / (1 + square);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** The 97.5 % quantile of Student's t by its expansion around the normal one; exact to 1 % from 3 degrees on. */
function studentQuantile(degrees: number): number {
  const n = Math.max(2, degrees);
  const z2 = Z * Z;
  return (
    Z *
    (1 +
      (z2 + 1) / (4 * n) +
      (5 * z2 * z2 + 16 * z2 + 3) / (96 * n * n) +
      (3 * z2 ** 3 + 19 * z2 * z2 + 17 * z2 - 15) / (384 * n ** 3))
  );
}

/** Independent comparisons these are worth where errors are rare: what bounds the smallest rate to be measured. */
export function effectiveComparisons(tally: Tally): number {
  if (tally.comparisons === 0) return 0;
  const { errors, kind, size } = tally;
  // The rare end, where the last errors are.
  const step = kind === 'false-match' ? -1 : 1;
  const start = kind === 'false-match' ? size - 1 : 0;
  for (let g = start; g >= 0 && g < size; g += step)
    if (errors[g]! >= ENOUGH_ERRORS) return tally.comparisons / designEffect(tally, g);
  return tally.comparisons / designEffect(tally, start);
}
