import { type CalibrationCurve, reaches, similarityOf } from '../domain/similarity.js';
import type { Scale } from './report.js';

/** Thresholds of the API's scale, in steps of a tenth. */
const TENTHS = 1000;

const MARKS = [
  { threshold: 75, meaning: 'default of AssociateFaces' },
  { threshold: 80, meaning: 'default of searches and CompareFaces' },
  { threshold: 90, meaning: 'stricter' },
  { threshold: 99, meaning: 'AWS’s advice where security matters' },
] as const;

/** The thresholds at which errors are counted, and what they are called. */
export interface Grid {
  scale: Scale;
  /** Rising. */
  thresholds: Float64Array;
  /**
   * The smallest score that reaches each threshold: a cosine, so that photos need no conversion pair by pair; of
   * another engine's scores the threshold itself.
   */
  scores: Float64Array;
  /** Whether scores are cosines. */
  cosine: boolean;
}

/** 0, 0.1 … 100 with the cosines that reach them. */
export function similarityGrid(curve: CalibrationCurve): Grid {
  const thresholds = Float64Array.from({ length: TENTHS + 1 }, (_, i) => i / 10);
  const scores = thresholds.map((threshold) => lowestCosine(curve, threshold));
  return {
    scale: { kind: 'similarity', from: 0, to: 100, marks: [...MARKS] },
    thresholds,
    scores,
    cosine: true,
  };
}

/** The smallest cosine whose similarity reaches the threshold; above 1 where none does. */
function lowestCosine(curve: CalibrationCurve, threshold: number): number {
  const passes = (cosine: number): boolean => reaches(similarityOf(curve, cosine), threshold);
  if (passes(-1)) return -2;
  if (!passes(1)) return 2;
  let [below, above] = [-1, 1];
  for (let middle = 0; middle !== below && middle !== above; middle = (below + above) / 2)
    if (passes(middle)) above = middle;
    else below = middle;
  return above;
}

/** The place in the grid of the first threshold that is not below this one; undefined beyond the last. */
export function placeOf({ thresholds }: Grid, threshold: number): number | undefined {
  const found = thresholds.findIndex((each) => each >= threshold - 1e-9);
  return found === -1 ? undefined : found;
}

/** The cosine at a place; null for other engines. */
export function cosineAt(grid: Grid, g: number): number | null {
  if (!grid.cosine) return null;
  return Math.max(-1, Math.min(1, grid.scores[g]!));
}

/** 101 equal steps over the scale, as places of the grid. */
export function tablePlaces(grid: Grid): number[] {
  const { from, to } = grid.scale;
  const places = Array.from({ length: 101 }, (_, i) =>
    placeOf(grid, from + ((to - from) * i) / 100),
  );
  return [...new Set(places.filter((place) => place !== undefined))];
}
