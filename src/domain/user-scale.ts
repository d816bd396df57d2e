import { LIMITS } from './limits.js';
import { type CalibrationCurve, cosineFloor, rarityOf, similarityOf } from './similarity.js';

/**
 * How much of a user's gain applies: 0 for a photo or a user of one face, nearly 1 for many faces. Where two users are
 * compared their shares add up.
 */
export const gainShare = (faces: readonly number[]): number =>
  faces.reduce((sum, count) => sum + (1 - 1 / Math.max(1, count)), 0);

/**
 * The curve by which a cosine is read that has a user's centroid on one side or on both.
 *
 * A centroid lies nearer to strangers than the photos it was made of: averaging takes away what was peculiar to each
 * photo, and made unit length again what is left counts for more. The cosine that a given share of strangers reaches
 * rises by `gain` × (1 − 1/k) of its distance from 1 for a user of k faces (`CalibrationCurve.gains`). Without this a
 * user of 5 faces takes four times as many strangers as the similarity says.
 *
 * @param faces of each side that is a user; a photo counts 1 or may be left out.
 */
export function curveFor(curve: CalibrationCurve, faces: readonly number[]): CalibrationCurve {
  const { gains, ...rest } = curve;
  const share = gains ? gainShare(faces) : 0;
  if (!gains || share === 0) return rest;
  return {
    ...rest,
    points: rest.points.map(([cosine, log10Fmr], i) => [
      cosine + share * (gains[i] ?? 0) * (1 - cosine),
      log10Fmr,
    ]),
  };
}

/** Similarities of one query to users of different numbers of faces. */
export interface UserScale {
  similarityOf(cosine: number, faces: number): number;
  /** True where the number of faces makes no difference. */
  readonly alike: boolean;
  /** Orders as similarities do without their rounding; see `rarityOf`. */
  rarityOf(cosine: number, faces: number): number;
  /** No user reaches the similarity below this cosine, however many faces it has. */
  floor(similarity: number): number;
  /** No user with at most this cosine is rarer, however many faces it has. */
  rarest(cosine: number): number;
}

/** @param queryFaces of the user searched with; 1 for a photo. */
export function userScale(curve: CalibrationCurve, queryFaces: number): UserScale {
  const known = new Map<number, CalibrationCurve>();
  const of = (faces: number): CalibrationCurve => {
    const found = known.get(faces) ?? curveFor(curve, [queryFaces, faces]);
    known.set(faces, found);
    return found;
  };
  // Every curve, so that the bounds hold whatever the gains are.
  const most = curve.gains ? LIMITS.facesPerUser : 1;
  const every = <T>(each: (one: CalibrationCurve) => T): T[] =>
    Array.from({ length: most }, (_, i) => each(of(i + 1)));
  return {
    alike: !curve.gains,
    similarityOf: (cosine, faces) => similarityOf(of(faces), cosine),
    rarityOf: (cosine, faces) => rarityOf(of(faces), cosine),
    floor: (similarity) => Math.min(...every((one) => cosineFloor(one, similarity))),
    rarest: (cosine) => Math.max(...every((one) => rarityOf(one, cosine))),
  };
}
