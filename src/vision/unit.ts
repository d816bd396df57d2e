/** The product of two vectors of one length; of unit vectors, their cosine. */
export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

/**
 * The direction of a vector: it over its length.
 *
 * @returns undefined where it has none: for a length of 0, and one that is no finite number.
 */
export function directionOf(vector: Float32Array): Float32Array | undefined {
  const norm = Math.hypot(...vector);
  return Number.isFinite(norm) && norm > 0 ? vector.map((value) => value / norm) : undefined;
}
