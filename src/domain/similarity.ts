/**
 * A monotone map from cosine to the API's 0–100 scale, made from measured false match rates.
 * Similarity s means: of comparisons between different people, a share of (1 − s/100)^(1/exponent)
 * scores at least s. See the model's card for the data it was fitted on.
 */
export interface CalibrationCurve {
  /** Names this version of the curve; collections pin it. */
  version: string;
  /** s = 100·(1 − FMR^exponent). With 0.2: 75 ↔ FMR 1e-3, 80 ↔ 3e-4, 90 ↔ 1e-5. */
  exponent: number;
  /** [cosine, log10 FMR], cosine strictly rising, FMR strictly falling; at least two points. */
  points: readonly (readonly [cosine: number, log10Fmr: number])[];
  /**
   * For each point, the share of its distance 1 − cosine by which a user of very many faces is nearer to strangers than
   * a photo: see `curveFor`. 0 to below 0.5. Absent: not known, and users are read like photos.
   */
  gains?: readonly number[];
}

/** Above this cosine two embeddings are the same photo: 100. */
const IDENTICAL_COSINE = 1 - 1e-6;

/** Kernels of different CPUs differ by up to 3e-7 in cosine; three decimals make them agree in all but rare ties. */
const DECIMALS = 1e3;

/** Wider than any rounding of a similarity is in cosine. */
const FLOOR_MARGIN = 1e-4;

/**
 * The similarity, 0–100, of a cosine: rounded to three decimals, then to float32 as on the wire.
 * Compare it with `reaches`, never with a bare ≥.
 */
export function similarityOf(curve: CalibrationCurve, cosine: number): number {
  if (Number.isNaN(cosine)) throw new RangeError('cosine must be a number, got NaN');
  if (cosine >= IDENTICAL_COSINE) return 100;
  const similarity = 100 * (1 - fmrOf(curve, cosine) ** curve.exponent);
  return Math.fround(Math.round(Math.max(0, Math.min(100, similarity)) * DECIMALS) / DECIMALS);
}

/** The false match rate at a cosine: the share of comparisons between different people that score as high. */
export const fmrOf = (curve: CalibrationCurve, cosine: number): number =>
  10 ** Math.min(0, log10FmrAt(curve, cosine));

/**
 * How many decades of strangers lie below a cosine: −log10 of the FMR, which goes on below 0 where the FMR would pass 1;
 * Infinity for the same photo. Orders as similarities do, but without their rounding.
 */
export const rarityOf = (curve: CalibrationCurve, cosine: number): number =>
  cosine >= IDENTICAL_COSINE ? Infinity : -log10FmrAt(curve, cosine);

/** The smallest cosine whose similarity can reach `similarity`: a search bound, less a margin for rounding. */
export const cosineFloor = (curve: CalibrationCurve, similarity: number): number =>
  similarity <= 0 ? -1 : cosineOf(curve, similarity) - FLOOR_MARGIN;

/** The cosine of a similarity, 0–100: the inverse of `similarityOf` but for its rounding. */
export function cosineOf(curve: CalibrationCurve, similarity: number): number {
  // 100 gives −∞ here, and the curve a cosine above all others.
  const log10Fmr = Math.log10(Math.max(0, 1 - similarity / 100)) / curve.exponent;
  return Math.min(cosineAt(curve, log10Fmr), IDENTICAL_COSINE);
}

/** The API's rule: a match is similarity ≥ threshold, both as float32 (CompareFaces documentation). */
export const reaches = (similarity: number, threshold: number): boolean =>
  similarity >= Math.fround(threshold);

/** Linear in log10 FMR between points; the outer segments go on with their own slope. */
function log10FmrAt({ points }: CalibrationCurve, cosine: number): number {
  const [a, b] = segment(points, (point) => cosine <= point[0]);
  return a[1] + ((cosine - a[0]) / (b[0] - a[0])) * (b[1] - a[1]);
}

function cosineAt({ points }: CalibrationCurve, log10Fmr: number): number {
  const [a, b] = segment(points, (point) => log10Fmr >= point[1]);
  return a[0] + ((log10Fmr - a[1]) / (b[1] - a[1])) * (b[0] - a[0]);
}

type Point = readonly [number, number];

function segment(points: readonly Point[], reached: (point: Point) => boolean): [Point, Point] {
  const found = points.findIndex(reached);
  const end = Math.max(1, found === -1 ? points.length - 1 : found);
  const [a, b] = [points[end - 1], points[end]];
  if (!a || !b) throw new RangeError('a calibration curve needs at least two points');
  return [a, b];
}
