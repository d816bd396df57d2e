import type { Rate } from './report.js';
import type { Grid } from './scale.js';

/** A tail is fitted to thresholds with so many errors, where they are rare: nearer the middle nothing is a tail yet. */
const ERRORS = { least: 10, most: 1000, rare: 0.05 } as const;

/** Of cosines nearer to 1 than this two photos are one. */
const LEAST_DISTANCE = 1e-6;

/** How false matches go on beyond the rarest ones seen. */
export interface Tail {
  /** The score that a share 10^log10FMR of strangers reaches. */
  scoreAt(log10Fmr: number): number;
  /** The same, shifted so that it goes on from a point that was seen. */
  scoreFrom(seen: { score: number; log10Fmr: number }, log10Fmr: number): number;
}

/**
 * A straight line through log10 FMR of the rarest errors. For cosines against log10 of the distance 1 − cosine: no
 * cosine lies above 1, and of directions spread smoothly about a point the share within a small distance d is a power
 * of d, so that the tail of such scores has this form (Weibull's domain of attraction). On 29.6 million pairs of all of
 * LFW each decade of FMR from 1e-2 to 1e-6 divides the distance by 1.22 to 1.26; the steps in cosine shrink from 0.018
 * to 0.008. For other engines' scores, whose end is unknown, against the score, which overstates the FMR of tails that
 * fall ever faster.
 *
 * @param pick value or bound of a rate; undefined where the rates picked do not fall.
 */
export function fitTail(
  { scores, cosine }: Grid,
  rates: readonly Rate[],
  pick: (rate: Rate) => number | null,
): Tail | undefined {
  const { place, score } = cosine ? BY_DISTANCE : BY_SCORE;
  const points = rates.flatMap((rate, g) => {
    const share = pick(rate);
    const few = rate.errors >= ERRORS.least && rate.errors <= ERRORS.most;
    if (!few || share === null || share <= 0 || share > ERRORS.rare) return [];
    // The noise of log n errors has the variance 1 / n.
    return [{ x: place(scores[g]!), y: Math.log10(share), weight: rate.errors }];
  });
  if (points.length < 3) return undefined;
  let [total, x, y] = [0, 0, 0];
  for (const point of points) {
    total += point.weight;
    x += (point.weight / total) * (point.x - x);
    y += (point.weight / total) * (point.y - y);
  }
  let [products, squares] = [0, 0];
  for (const point of points) {
    products += point.weight * (point.x - x) * (point.y - y);
    squares += point.weight * (point.x - x) ** 2;
  }
  const slope = products / squares;
  if (!(slope < 0)) return undefined;
  return {
    scoreAt: (log10Fmr) => score(x + (log10Fmr - y) / slope),
    scoreFrom: (seen, log10Fmr) => score(place(seen.score) + (log10Fmr - seen.log10Fmr) / slope),
  };
}

const BY_SCORE = { place: (score: number): number => score, score: (place: number) => place };

const BY_DISTANCE = {
  place: (cosine: number): number => -Math.log10(Math.max(LEAST_DISTANCE, 1 - cosine)),
  score: (place: number): number => 1 - 10 ** -place,
};
