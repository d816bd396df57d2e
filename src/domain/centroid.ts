/**
 * The one vector that stands for a user: the mean of the unit embeddings, made unit length again.
 * Summed in float64 and in the order of the face ids, so that the same faces give the same bits
 * whatever the order in which they were associated.
 *
 * Undefined without faces, and where the embeddings cancel out (no direction is left to match).
 */
export function centroidOf(
  faces: readonly { faceId: string; embedding: Float32Array }[],
): Float32Array | undefined {
  const [first] = faces;
  if (!first) return undefined;
  const sum = new Float64Array(first.embedding.length);
  for (const { embedding } of faces.toSorted(byFaceId)) {
    if (embedding.length !== sum.length)
      throw new RangeError(`expected ${sum.length} floats, got ${embedding.length}`);
    embedding.forEach((value, i) => {
      sum[i] = (sum[i] ?? 0) + value;
    });
  }
  const norm = Math.hypot(...sum);
  if (norm < 1e-6) return undefined;
  return Float32Array.from(sum, (value) => value / norm);
}

const byFaceId = (a: { faceId: string }, b: { faceId: string }): number =>
  a.faceId < b.faceId ? -1 : a.faceId > b.faceId ? 1 : 0;
