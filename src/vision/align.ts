import type { EmbedderCard } from './cards.js';
import { type Point, similarityTransform } from './geometry.js';
import type { Pyramid } from './image.js';
import { type Mesh, meshMean } from './landmarks.js';

/** As large as the template says. */
const AS_TEMPLATE = [1];

/** How large the face lies in each of its chips, over the template. */
export const scalesOf = ({ scales = AS_TEMPLATE }: EmbedderCard): readonly number[] => scales;

/**
 * The face turned and scaled so that its five points lie where the embedder expects them, once for each scale of its
 * card. RGB floats 0–255.
 */
export function alignedChips(image: Pyramid, mesh: Mesh, card: EmbedderCard): Float32Array[] {
  const { alignment, input } = card;
  const points = alignment.points.map((indices) => meshMean(mesh, indices));
  return scalesOf(card).map((scale) => {
    const toImage = similarityTransform(scaled(alignment.template, scale, input.size), points);
    return image.warp(toImage, input.size, input.size);
  });
}

/** Grown around the middle of the input. */
function scaled(template: readonly Point[], scale: number, size: number): readonly Point[] {
  const middle = size / 2;
  return template.map(([x, y]) => [middle + scale * (x - middle), middle + scale * (y - middle)]);
}
