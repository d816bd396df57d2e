import { describe, expect, it } from 'vitest';
import { rateAt } from '../../src/thresholds/interval.js';
import { Operating } from '../../src/thresholds/operating.js';
import type { Grid } from '../../src/thresholds/scale.js';
import { levelOf, Tally } from '../../src/thresholds/tally.js';
import { Random } from '../vectors/data.js';

/** Runs of each simulation; the long form says what the short one samples. */
const RUNS = Number(process.env['LIKENESS_COVERAGE_RUNS'] ?? 400);
/** How people differ: the standard deviation of what each brings to all comparisons. */
const PERSON = 0.35;

/** P(standard normal ≥ x), to 1e-7 (Abramowitz & Stegun 7.1.26 is coarser; this is Numerical Recipes' erfc). */
function above(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + z / 2);
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ].reduceRight((sum, term) => sum * t + term, 0);
  const erfc = t * Math.exp(-z * z + series);
  return x >= 0 ? erfc / 2 : 1 - erfc / 2;
}

/** The x with P(standard normal ≥ x) = share. */
function quantile(share: number): number {
  let [low, high] = [-9, 9];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (above(middle) > share) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Impostor scores of all pairs of people: standard normal, of which each person brings a part. Two people's part
 * given, the chance to exceed the threshold is known, so that only hits have to be drawn.
 */
function impostorTally(people: number, thresholds: readonly number[], random: Random): Tally {
  const tally = new Tally('false-match', { sides: 2, units: people, size: thresholds.length });
  const part = Float64Array.from({ length: people }, () => PERSON * random.gauss());
  const rest = Math.sqrt(1 - 2 * PERSON * PERSON);
  for (let a = 0; a < people; a++)
    for (let b = a + 1; b < people; b++) {
      const score = part[a]! + part[b]! + rest * random.gauss();
      tally.add(levelOf(thresholds, score), [a, b]);
    }
  return tally.close();
}

/** Genuine scores of people with several photos: what a person brings is in all of that person's pairs. */
function genuineTally(people: number, threshold: number, random: Random): Tally {
  const tally = new Tally('false-non-match', { sides: 1, units: people, size: 1 });
  for (let person = 0; person < people; person++) {
    const part = 0.7 * random.gauss();
    const pairs = person % 3 === 0 ? 6 : 1;
    for (let pair = 0; pair < pairs; pair++) {
      const score = part + Math.sqrt(1 - 0.49) * random.gauss();
      tally.add(score >= threshold ? 1 : 0, [person, person]);
    }
  }
  return tally.close();
}

const share = (runs: boolean[]): number => runs.filter(Boolean).length / runs.length;

describe('95 % intervals over people', () => {
  it.each([
    { people: 60, fmr: 1e-1 },
    { people: 100, fmr: 1e-2 },
    { people: 200, fmr: 1e-2 },
    { people: 200, fmr: 1e-3 },
  ])('hold the true FMR of $fmr among $people people in 93–97 % of studies', ({ people, fmr }) => {
    const random = new Random(people);
    const threshold = quantile(fmr);
    const held = Array.from({ length: RUNS }, () => {
      const { low, high } = rateAt(impostorTally(people, [threshold], random), 0);
      return (low ?? 0) <= fmr && fmr <= (high ?? 1);
    });
    expect(share(held)).toBeGreaterThanOrEqual(0.93);
    expect(share(held)).toBeLessThanOrEqual(0.97);
  });

  it.each([
    { people: 150, fnmr: 0.1 },
    { people: 400, fnmr: 0.03 },
  ])('hold the true FNMR of $fnmr of $people people', ({ people, fnmr }) => {
    const random = new Random(people + 1);
    const threshold = -quantile(fnmr);
    const held = Array.from({ length: RUNS * 5 }, () => {
      const { low, high } = rateAt(genuineTally(people, threshold, random), 0);
      return (low ?? 0) <= fnmr && fnmr <= (high ?? 1);
    });
    expect(share(held)).toBeGreaterThanOrEqual(0.93);
    expect(share(held)).toBeLessThanOrEqual(0.97);
  });

  it('would be far too narrow if comparisons were taken for independent', () => {
    const random = new Random(3);
    const [people, fmr] = [200, 1e-2];
    const threshold = quantile(fmr);
    const held = Array.from({ length: RUNS }, () => {
      const { errors, comparisons } = rateAt(impostorTally(people, [threshold], random), 0);
      const seen = errors / comparisons;
      const half = 1.96 * Math.sqrt((seen * (1 - seen)) / comparisons);
      return Math.abs(seen - fmr) <= half;
    });
    expect(share(held)).toBeLessThan(0.8);
  });

  it('of a threshold hold the one that truly keeps the FMR', () => {
    const random = new Random(5);
    const [people, fmr] = [150, 1e-2];
    const thresholds = Float64Array.from({ length: 201 }, (_, i) => i / 50);
    const grid: Grid = {
      scale: { kind: 'score', from: 0, to: 4, marks: [] },
      thresholds,
      scores: thresholds,
      cosine: false,
    };
    const truth = quantile(fmr);
    const held = Array.from({ length: RUNS }, () => {
      const impostor = impostorTally(people, Array.from(thresholds), random);
      const genuine = new Tally('false-non-match', { sides: 1, units: people, size: 201 });
      const { low, high } = new Operating(grid, impostor, genuine).thresholdFor(fmr);
      // The grid answers in steps of 0.02, upwards.
      return (low ?? -9) - 0.02 <= truth && truth <= (high ?? 9);
    });
    expect(share(held)).toBeGreaterThanOrEqual(0.93);
    expect(share(held)).toBeLessThanOrEqual(0.98);
  });

  it('of nothing seen are bounded by three over the number of independent comparisons', () => {
    const tally = new Tally('false-match', { sides: 1, units: 300, size: 1 });
    for (let person = 0; person < 300; person++) tally.add(0, [person, person]);
    expect(rateAt(tally.close(), 0)).toMatchObject({
      value: 0,
      low: 0,
      high: 0.01,
      basis: 'bound',
    });
  });
});
