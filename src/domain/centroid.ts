import { type CalibrationCurve, cosineFloor } from './similarity.js';

interface MemberFace {
  faceId: string;
  embedding: Float32Array;
}

/** Rounds of weighing; the measured figures are of this many. */
const ROUNDS = 4;

/**
 * The one vector that stands for a user: the mean of the unit embeddings, made unit length again, in which a
 * face far from the others counts less. One with the distance d (1 − cosine) from the centroid weighs
 * 1 / (1 + (d / outlierDistance)⁴): nearly 1 for faces that look alike, a tenth at 1.7 times that distance.
 *
 * A photo of somebody else among a user's first three costs a plain mean most of its worth: with one, 88.2 % of
 * the user's other photos were found at FMR 1e-3, with this 97.5 %; without such a photo both find 98.1 % (124
 * people of LFW, 474 probes, `benchmarks/accuracy.mjs`). Weights by sharpness, pose, detector or agreement with
 * the mirror image were tried as well and changed nothing that could be told from chance.
 *
 * Summed in float64 and in the order of the face ids, so that the same faces give the same bits whatever the
 * order in which they were associated. Undefined without faces, and where the embeddings cancel out (no
 * direction is left to match).
 */
export function centroidOf(
  faces: readonly MemberFace[],
  outlierDistance: number,
): Float32Array | undefined {
  const embeddings = faces.toSorted(byFaceId).map(({ embedding }) => embedding);
  let centroid = direction(embeddings, () => 1);
  // Of two faces neither can be called the outlier: both are equally far.
  const rounds = embeddings.length > 2 ? ROUNDS : 0;
  for (let round = 0; round < rounds && centroid; round++) {
    const weights = weightsAround(embeddings, centroid, outlierDistance);
    centroid = direction(embeddings, (index) => weights[index] ?? 0);
  }
  return centroid && Float32Array.from(centroid);
}

/** The share of the distance to a stranger at which a face weighs half; measured on LFW, checked on another source. */
const OUTLIER_SHARE = 0.7;

/** The similarity from which on two photos count as one person: the default of AssociateFaces. */
const SAME_PERSON = 75;

/**
 * The distance (1 − cosine) at which a face weighs half in a centroid. From the first curve of the model,
 * whatever a collection pins: the centroids of one model stay comparable, and a switch of the scale moves none.
 */
export const outlierDistanceOf = (curve: CalibrationCurve): number =>
  OUTLIER_SHARE * (1 - cosineFloor(curve, SAME_PERSON));

/** The weighted mean, of unit length. */
function direction(
  embeddings: readonly Float32Array[],
  weightOf: (index: number) => number,
): Float64Array | undefined {
  const [first] = embeddings;
  if (!first) return undefined;
  const sum = new Float64Array(first.length);
  for (const [index, embedding] of embeddings.entries()) {
    if (embedding.length !== sum.length)
      throw new RangeError(`expected ${sum.length} floats, got ${embedding.length}`);
    const weight = weightOf(index);
    // Plain loops: a user of 100 faces is gone through nine times.
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + weight * (embedding[i] ?? 0);
  }
  let squared = 0;
  for (const value of sum) squared += value * value;
  const norm = Math.sqrt(squared);
  return norm < 1e-6 ? undefined : sum.map((value) => value / norm);
}

const weightsAround = (
  embeddings: readonly Float32Array[],
  centroid: Float64Array,
  outlierDistance: number,
): number[] =>
  embeddings.map((embedding) => {
    let cosine = 0;
    for (let i = 0; i < centroid.length; i++) cosine += (embedding[i] ?? 0) * (centroid[i] ?? 0);
    return 1 / (1 + ((1 - cosine) / outlierDistance) ** 4);
  });

const byFaceId = (a: MemberFace, b: MemberFace): number =>
  a.faceId < b.faceId ? -1 : a.faceId > b.faceId ? 1 : 0;
