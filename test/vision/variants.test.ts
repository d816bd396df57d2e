import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtIn, EMBEDDERS, loadCard } from '../../src/vision/models.js';
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

type Embeddings = Record<(typeof EMBEDDERS)[number], Float32Array>;

/** The embeddings of the one face of a photo by every model. */
async function embedded(photo: Uint8Array): Promise<Embeddings> {
  const models = vision.models.map(({ id }) => id);
  const { faces } = await vision.analyse(photo, { ...EVERYTHING, models });
  expect(faces).toHaveLength(1);
  const all = [faces[0]!.embedding!, ...faces[0]!.further!];
  return Object.fromEntries(EMBEDDERS.map((name, at) => [name, all[at]!])) as Embeddings;
}

it('the models that come along are told apart and have a scale each', () => {
  expect(vision.models.map(({ name }) => name)).toEqual([...EMBEDDERS]);
  for (const key of ['id', 'version'] as const)
    expect(new Set(vision.models.map((model) => model[key])).size).toBe(EMBEDDERS.length);
  const curves = vision.models.map(({ calibration }) => JSON.stringify(calibration!.points));
  expect(new Set(curves).size).toBe(EMBEDDERS.length);
});

it('they see a face differently, none so differently that it were another person’s', async () => {
  const { 'dlib-resnet': plain, ...variants } = await embedded(await portrait('anna'));
  for (const variant of Object.values(variants)) {
    expect(cosine(plain, variant)).toBeLessThan(0.9999);
    expect(cosine(plain, variant)).toBeGreaterThan(0.97);
  }
});

it('those that average mirror images are moved less by a mirror', async () => {
  const photo = await portrait('anna');
  const [straight, flipped] = [
    await embedded(photo),
    await embedded(await sharp(photo).flop().toBuffer()),
  ];
  const kept = (name: (typeof EMBEDDERS)[number]): number => cosine(straight[name], flipped[name]);
  const unmirrored = kept('dlib-resnet-unmirrored');
  for (const name of EMBEDDERS.filter((each) => each !== 'dlib-resnet-unmirrored'))
    expect(unmirrored).toBeLessThan(kept(name));
});

it.each([
  ['dlib-cohort', 'dlib-resnet'],
  ['dlib-cohort-two-scales', 'dlib-resnet-two-scales'],
] as const)('%s is %s, stretched away from the mean by what its card says', async (name, plain) => {
  const { strength, level, mean, centroids } = (await loadCard(name, 'embedder')).cohort!;
  const unit = (numbers: readonly number[]): number[] => {
    const length = Math.hypot(...numbers);
    return numbers.map((number) => number / length);
  };
  const product = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, number, at) => sum + number * b[at]!, 0);
  const stretches: number[] = [];
  for (const person of ['anna', 'berta'] as const) {
    const found = await embedded(await portrait(person));
    const from = [...found[plain]];
    const nearest = Math.max(...centroids.map((each) => product(unit(each), from)));
    const stretch = Math.exp(strength * (nearest - level));
    stretches.push(stretch);
    const along = product(unit(mean), from);
    const expected = unit(
      unit(mean).map((number, at) => along * number + stretch * (from[at]! - along * number)),
    );
    expect(Math.hypot(...found[name])).toBeCloseTo(1, 5);
    for (const [at, number] of expected.entries()) expect(found[name][at]).toBeCloseTo(number, 5);
  }
  // Two people who lie in places that are crowded differently.
  expect(Math.abs(stretches[0]! - stretches[1]!)).toBeGreaterThan(0.001);
});

it('they share one net, so that running all costs no more memory', async () => {
  const { nets } = await loadNets(await startRuntime('tfjs-wasm'), EMBEDDERS.map(builtIn));
  expect(new Set(EMBEDDERS.map((name) => nets.get(name))).size).toBe(1);
});
