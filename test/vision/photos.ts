import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { similarityOf } from '../../src/domain/similarity.js';
import type { AnalyseRequest, EmbeddingModel } from '../../src/vision/vision.js';

const folder = resolve(import.meta.dirname, '../../node_modules/@vladmandic/face-api/demo');

/** How many faces a person counts in sample1.jpg … sample6.jpg. */
export const SAMPLE_FACES = [3, 3, 3, 4, 5, 4] as const;

/** One of the photos that come inside a dependency, 1–6. */
export const sample = (number: number): Buffer =>
  readFileSync(resolve(folder, `sample${number}.jpg`));

/** Every face, embedded. */
export const EVERYTHING: AnalyseRequest = { filter: 'NONE', maxFaces: 100, embed: 'kept' };

/** What the API would say of two embeddings. */
export function similarityBetween(
  model: EmbeddingModel,
  a: Float32Array | undefined,
  b: Float32Array | undefined,
): number {
  if (!a || !b) throw new Error('a face has no embedding');
  return similarityOf(
    model.calibration!,
    a.reduce((sum, value, index) => sum + value * b[index]!, 0),
  );
}
