import { directionOf, dot } from './unit.js';

/**
 * Where a net crowds people together, as a card has it. Learnt from many people (`benchmarks/cohort.mjs`); each centroid
 * is the mean of several of them, so that nobody can be found in it.
 */
export interface Cohort {
  /** How much is made of crowding; 0 would leave embeddings as they are. */
  strength: number;
  /** How near the people of the cohort are to their nearest centroid, as the mean cosine. */
  level: number;
  /** The direction of the mean over the cohort's people. */
  mean: readonly number[];
  /** Around these directions embeddings crowd. */
  centroids: readonly (readonly number[])[];
}

/**
 * Spreads embeddings where a net crowds people together. Nets tell some groups of people apart worse than others: their
 * embeddings lie closer, so that one cosine means more false matches among them. Normalisation by a cohort (T-norm and
 * S-norm in speaker recognition) corrects scores by how near each side is to strangers. Here it is done to the embedding,
 * so that a cosine stays the whole comparison: what sets an embedding apart from the mean face is stretched by
 * exp(strength · (nearest − level)), where `nearest` is its cosine to the nearest centroid.
 *
 * @returns a function from one embedding of unit length to another.
 */
export function cohortNormalisation({
  strength,
  level,
  ...cohort
}: Cohort): (embedding: Float32Array) => Float32Array {
  const mean = unit(cohort.mean);
  const centroids = cohort.centroids.map(unit);
  return (embedding) => {
    const nearest = Math.max(...centroids.map((centroid) => dot(centroid, embedding)));
    const stretch = Math.exp(strength * (nearest - level));
    const along = (1 - stretch) * dot(mean, embedding);
    // Never without a direction: at worst all of it lies along the mean, which is not stretched.
    return directionOf(embedding.map((value, k) => stretch * value + along * mean[k]!))!;
  };
}

/** A card whose numbers have no direction is refused: see `checkCard`. */
const unit = (numbers: readonly number[]): Float32Array => directionOf(Float32Array.from(numbers))!;
