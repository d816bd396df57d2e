import type { EmbedderCard } from './cards.js';
import { similarityTransform } from './geometry.js';
import type { Pyramid } from './image.js';
import { type Mesh, meshMean } from './landmarks.js';

/** The face turned and scaled so that its five points lie where the embedder expects them. RGB floats 0–255. */
export function alignedChip(
  image: Pyramid,
  mesh: Mesh,
  { alignment, input }: EmbedderCard,
): Float32Array {
  const points = alignment.points.map((indices) => meshMean(mesh, indices));
  const toImage = similarityTransform(alignment.template, points);
  return image.warp(toImage, input.size, input.size);
}
