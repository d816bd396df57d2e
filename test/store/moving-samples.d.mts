import type { EmbeddingSpace } from '../../src/store/moving.js';

export const SPACES: readonly EmbeddingSpace[];
export function embeddingOf(faceId: string, space: EmbeddingSpace): Float32Array;
export function carried(embedding: Float32Array): Float32Array;
export function cropOf(faceId: string): Buffer;
export function centroidOf(
  faces: readonly { faceId: string; embedding: Float32Array }[],
): Float32Array | undefined;
