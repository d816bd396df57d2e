import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtIn, EMBEDDERS } from '../../src/vision/models.js';
import { loadNets } from '../../src/vision/nets.js';
import { createVision } from '../../src/vision/pool.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import type { Vision } from '../../src/vision/vision.js';
import { portrait } from '../support/photos.js';
import { EVERYTHING } from './photos.js';

let vision: Vision;
beforeAll(async () => {
  const embedders = EMBEDDERS.map(builtIn);
  vision = await createVision({ runtime: 'tfjs-wasm', workers: 1, embedders });
});
afterAll(() => vision.close());

const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * b[index]!, 0);

/** The embeddings of the one face of a photo by every model, in the order of EMBEDDERS. */
async function embedded(photo: Uint8Array): Promise<Float32Array[]> {
  const models = vision.models.map(({ id }) => id);
  const { faces } = await vision.analyse(photo, { ...EVERYTHING, models });
  expect(faces).toHaveLength(1);
  return [faces[0]!.embedding!, ...faces[0]!.further!];
}

it('the models that come along are told apart and have a scale each', () => {
  expect(vision.models.map(({ name }) => name)).toEqual([...EMBEDDERS]);
  for (const key of ['id', 'version'] as const)
    expect(new Set(vision.models.map((model) => model[key])).size).toBe(EMBEDDERS.length);
  const curves = vision.models.map(({ calibration }) => JSON.stringify(calibration!.points));
  expect(new Set(curves).size).toBe(EMBEDDERS.length);
});

it('they see a face differently, none so differently that it were another person’s', async () => {
  const [plain, ...variants] = await embedded(await portrait('anna'));
  for (const variant of variants) {
    expect(cosine(plain!, variant)).toBeLessThan(0.9999);
    expect(cosine(plain!, variant)).toBeGreaterThan(0.97);
  }
});

it('those that average mirror images are moved less by a mirror', async () => {
  const photo = await portrait('anna');
  const [straight, flipped] = [
    await embedded(photo),
    await embedded(await sharp(photo).flop().toBuffer()),
  ];
  const [mirrored, unmirrored, scales] = straight.map((each, i) => cosine(each, flipped[i]!));
  expect(unmirrored).toBeLessThan(mirrored!);
  expect(unmirrored).toBeLessThan(scales!);
});

it('they share one net, so that running all costs no more memory', async () => {
  const { nets } = await loadNets(await startRuntime('tfjs-wasm'), EMBEDDERS.map(builtIn));
  expect(new Set(EMBEDDERS.map((name) => nets.get(name))).size).toBe(1);
});
