import { type CalibrationCurve, cosineOf, fmrOf } from './similarity.js';

/** What a calibration version rests on. Kept beside the curve for good; nothing is computed from it. */
export interface CalibrationEvidence {
  /** `shipped`: on the model's card; `measured`: fitted by `likeness thresholds`; `given`: brought as a file. */
  kind: 'shipped' | 'measured' | 'given';
  /** What was measured, in words. */
  source: string;
  /** SHA-256 over what was measured, in hex. */
  dataHash?: string;
  people?: number;
  photos?: number;
  /** People with several photos, from whom the gains of users were measured. */
  gainUsers?: number;
  genuinePairs?: number;
  impostorPairs?: number;
  /** Where each point of the curve comes from. */
  points?: readonly CalibrationPoint[];
  /** Level of the intervals, 0–1. */
  confidence?: number;
  seed?: number;
  command?: string;
  notes?: readonly string[];
}

/** One point of a curve: the cosine at which a share `fmr` of the impostor pairs scores as high. */
export interface CalibrationPoint {
  fmr: number;
  cosine: number;
  /** Interval of the cosine; absent where the point is extrapolated. */
  low?: number;
  high?: number;
  /** Impostor pairs at or above the cosine; 0 where the point is extrapolated. */
  errors: number;
  basis: 'measured' | 'extrapolated';
  /** `CalibrationCurve.gains` at this point. */
  gain?: number;
}

/** A curve of one embedding model with what it rests on. Never changed once stored. */
export interface Calibration {
  /** EmbeddingModel.id: a curve says nothing about another model's cosines. */
  modelId: string;
  curve: CalibrationCurve;
  evidence: CalibrationEvidence;
  createdAtMs: number;
}

/** A scale to measure a model on that was not measured yet; the rates in it are of no model. */
export const PROVISIONAL_CURVE: CalibrationCurve = {
  version: 'provisional',
  exponent: 0.2,
  points: [
    [0, -0.3],
    [1, -10],
  ],
};

const VERSION = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const MOST_POINTS = 1000;
/** Two users of many faces have twice the gain; they must stay below cosine 1. */
const MOST_GAIN = 0.5;

/**
 * Checks a curve before it is stored and after it is read.
 *
 * @throws RangeError that names what is wrong: the name, the exponent, or the first point out of order.
 */
export function checkCurve({ version, exponent, points, gains }: CalibrationCurve): void {
  if (!isVersionName(version))
    throw new RangeError(
      `expected a calibration version of up to 64 letters, digits and _.-, got ${JSON.stringify(version)}`,
    );
  if (!(exponent > 0 && exponent < Infinity))
    throw new RangeError(`expected an exponent above 0, got ${exponent}`);
  if (points.length < 2 || points.length > MOST_POINTS)
    throw new RangeError(
      `a calibration curve needs 2 to ${MOST_POINTS} points, got ${points.length}`,
    );
  for (const [index, [cosine, log10Fmr]] of points.entries()) {
    const before = points[index - 1];
    if (!(cosine >= -1 && cosine <= 1))
      throw new RangeError(`point ${index}: expected a cosine of −1 to 1, got ${cosine}`);
    if (!(log10Fmr <= 0 && log10Fmr > -Infinity))
      throw new RangeError(`point ${index}: expected a log10 FMR of at most 0, got ${log10Fmr}`);
    if (before && !(cosine > before[0] && log10Fmr < before[1]))
      throw new RangeError(
        `point ${index}: the cosine must rise and the FMR fall from point to point, got [${cosine}, ${log10Fmr}] after [${before[0]}, ${before[1]}]`,
      );
  }
  if (gains) checkGains(points, gains);
}

/** For one user of ever so many faces, and for two of them, the cosine must rise from point to point as well. */
function checkGains(points: CalibrationCurve['points'], gains: readonly number[]): void {
  if (gains.length !== points.length)
    throw new RangeError(
      `expected a gain for each of ${points.length} points, got ${gains.length}`,
    );
  for (const [index, gain] of gains.entries())
    if (!(gain >= 0 && gain < MOST_GAIN))
      throw new RangeError(`gain ${index}: expected 0 to below ${MOST_GAIN}, got ${gain}`);
  for (const users of [1, 2]) {
    const cosines = points.map(([cosine], i) => 1 - (1 - cosine) * (1 - users * (gains[i] ?? 0)));
    const index = cosines.findIndex((cosine, i) => !(cosine > (cosines[i - 1] ?? -Infinity)));
    if (index >= 0)
      throw new RangeError(
        `gain ${index}: with ${gains[index - 1]} before and ${gains[index]} here the cosine of users would not rise`,
      );
  }
}

export const isVersionName = (text: string): boolean => VERSION.test(text);

/** Whether two curves give every cosine the same similarity. */
export const sameCurve = (a: CalibrationCurve, b: CalibrationCurve): boolean =>
  a.exponent === b.exponent &&
  JSON.stringify([a.points, a.gains]) === JSON.stringify([b.points, b.gains]);

/** The share of strangers that reach `similarity`, which one curve promises, as another curve measured it. */
export const fmrAsSeenBy = (
  judge: CalibrationCurve,
  scale: CalibrationCurve,
  similarity: number,
): number => fmrOf(judge, cosineOf(scale, similarity));
