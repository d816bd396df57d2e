import type { EmbedderCard, FusionCard, FusionPart } from './cards.js';

/** A net of an embedding model, with its share in the cosine. */
export interface LoadedPart extends FusionPart {
  card: EmbedderCard;
}

/** The card of a fusion with those of its parts. */
export interface LoadedFusion extends FusionCard {
  parts: readonly LoadedPart[];
}

/** What makes embeddings: one net, or several together. */
export type EmbeddingCard = EmbedderCard | LoadedFusion;

/** The nets of an embedding model: one net is the fusion of one. */
export const partsOf = (card: EmbeddingCard): readonly LoadedPart[] =>
  card.format === 'fusion' ? card.parts : [{ model: card.name, weight: 1, card }];

/** Numbers of an embedding. */
export const dimensionOf = (card: EmbeddingCard): number =>
  partsOf(card).reduce((sum, part) => sum + part.card.outputs[0]!.length, 0);

/**
 * One embedding of those of the parts, in their order: of unit length, and with a cosine that is the weighted mean of
 * theirs.
 */
export function fused(
  parts: readonly FusionPart[],
  embeddings: readonly Float32Array[],
): Float32Array {
  if (parts.length === 1) return embeddings[0]!;
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  const whole = new Float32Array(embeddings.reduce((sum, { length }) => sum + length, 0));
  let start = 0;
  for (const [index, embedding] of embeddings.entries()) {
    const factor = Math.sqrt(parts[index]!.weight / total);
    for (const [k, value] of embedding.entries()) whole[start + k] = factor * value;
    start += embedding.length;
  }
  return whole;
}
