/* oxlint-disable typescript/no-unsafe-assignment, typescript/no-unsafe-member-access -- plain JavaScript, which node runs as it is */
// What a moving collection holds, derived from ids alone: so that whoever looks knows what each face must have.
import { createHash } from 'node:crypto';

/** The two models that a collection goes between. */
export const SPACES = [
  { modelId: 'one', calibrationVersion: 'curve-1', faceModelVersion: '1.0', dimension: 16 },
  { modelId: 'two', calibrationVersion: 'curve-2', faceModelVersion: '2.0', dimension: 24 },
];

const digest = (seed) => createHash('sha256').update(seed).digest();

/** The embedding of a face by a model. The second's is made of the first's alone, as where a model gains a cohort. */
export const embeddingOf = (faceId, { modelId }) =>
  modelId === 'one' ? vectorOf(`one ${faceId}`, 16) : carried(embeddingOf(faceId, SPACES[0]));

/** What the second model's embedding is, out of the first's. */
export const carried = (embedding) => vectorOf(embedding, 24);

/** The components do not change sign, so no two cancel out. */
function vectorOf(seed, dimension) {
  const bytes = digest(seed);
  return unit(Float64Array.from({ length: dimension }, (_, i) => 1 + bytes[i % bytes.length]));
}

/** The crop of a face: 8 kB that no other has. */
export const cropOf = (faceId) => Buffer.alloc(8000, digest(faceId));

/** The unit mean in the order of the ids: of whatever order the faces come, the same. */
export function centroidOf(faces) {
  if (faces.length === 0) return undefined;
  const inOrder = faces.toSorted((a, b) => (a.faceId < b.faceId ? -1 : 1));
  const sum = new Float64Array(inOrder[0].embedding.length);
  for (const { embedding } of inOrder) for (let i = 0; i < sum.length; i++) sum[i] += embedding[i];
  return unit(sum);
}

function unit(vector) {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (component) => component / length);
}
