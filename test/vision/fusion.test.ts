import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import { EMBEDDERS, embeddingModel, findEmbedder, loadEmbedder } from '../../src/vision/models.js';
import { loadNets } from '../../src/vision/nets.js';
import { addModel } from '../../src/vision/own/add.js';
import { listModels, removeModel, verifyModel } from '../../src/vision/own/installed-models.js';
import { Pipeline } from '../../src/vision/pipeline.js';
import { createVision } from '../../src/vision/pool.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import {
  SMALL_CALIBRATION,
  SMALL_CARD,
  SMALL_DIMENSION,
  writeGraphModel,
} from '../support/small-models.js';
import { EVERYTHING, sample } from './photos.js';

const folder = mkdtempSync(join(tmpdir(), 'likeness-fusion-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const fresh = (): string => join(folder, String(++count));

const CENTRE = Array.from({ length: SMALL_DIMENSION }, (_, at) => ((at % 7) - 3) / 100);
const PARTS = [
  { model: 'dlib-resnet', weight: 3 },
  { model: 'edges', weight: 1 },
];

/** A folder with a fusion of the default model and a small net, and what else its card says. */
function fusionFolder(over: object = {}, part: object = { centre: CENTRE }): string {
  const path = fresh();
  writeGraphModel(join(path, 'edges'), 1);
  writeFileSync(join(path, 'edges', 'card.json'), JSON.stringify({ ...SMALL_CARD, ...part }));
  const card = { name: 'both', format: 'fusion', ...SMALL_CARD, parts: PARTS, ...over };
  writeFileSync(join(path, 'card.json'), JSON.stringify(card));
  return path;
}

const added = async (over: object = {}, part?: object): Promise<string> => {
  const directory = fresh();
  await addModel(directory, { path: fusionFolder(over, part) });
  return directory;
};

const refusal = async (path: string): Promise<string> => {
  const directory = fresh();
  mkdirSync(directory);
  const error = await addModel(directory, { path }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OperatorError);
  expect(await listModels(directory)).toHaveLength(EMBEDDERS.length);
  return (error as OperatorError).message;
};

const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * b[index]!, 0);

describe('a fusion', () => {
  it('has a cosine that is the weighted mean of those of its parts', async () => {
    const directory = await added();
    const small = writeGraphModel(fresh(), 1);
    await addModel(directory, {
      path: small,
      said: { ...SMALL_CARD, name: 'edges', centre: CENTRE },
    });
    const places = ['both', 'dlib-resnet', 'edges'].map((name) => findEmbedder(name, directory));
    const cards = await Promise.all(places.map(loadEmbedder));
    const ids = cards.map((card) => embeddingModel(card).id);
    const { nets } = await loadNets(await startRuntime('tfjs-wasm'), places);
    // Each net is there once, whatever it is a part of.
    expect(nets.get('both/edges')).toBe(nets.get('edges'));
    const pipeline = await Pipeline.create(nets, 50_000_000, cards);
    const { faces } = await pipeline.analyse(sample(3), { ...EVERYTHING, models: ids });
    const [first, second] = faces.map(({ embedding, further = [] }) => [embedding!, ...further]);
    expect(first!.map(({ length }) => length)).toEqual([
      128 + SMALL_DIMENSION,
      128,
      SMALL_DIMENSION,
    ]);
    const [whole, standard, edges] = first!.map((one, at) => cosine(one, second![at]!));
    expect(whole).toBeCloseTo((3 * standard! + edges!) / 4, 5);
    expect(Math.abs(standard! - edges!)).toBeGreaterThan(0.1);
    for (const embedding of first!) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
  });

  it('goes through the workers, with the curve on its card', async () => {
    const directory = await added({ calibration: SMALL_CALIBRATION });
    const embedders = [findEmbedder('both', directory)];
    const vision = await createVision({ runtime: 'tfjs-wasm', workers: 1, embedders });
    try {
      expect(vision.model).toMatchObject({
        name: 'both',
        dimension: 128 + SMALL_DIMENSION,
        calibration: SMALL_CALIBRATION,
      });
      const { faces } = await vision.analyse(sample(3), EVERYTHING);
      expect(faces[0]!.embedding).toHaveLength(128 + SMALL_DIMENSION);
    } finally {
      await vision.close();
    }
  });

  it('has an id of its own for other weights, another part and another centre', async () => {
    const idOf = async (directory: string): Promise<string> =>
      embeddingModel(await loadEmbedder(findEmbedder('both', directory))).id;
    const heavier = [PARTS[0], { model: 'edges', weight: 2 }];
    const other = [{ model: 'dlib-resnet-unmirrored', weight: 3 }, PARTS[1]];
    const ids = await Promise.all([
      added().then(idOf),
      added({ parts: heavier }).then(idOf),
      added({ parts: other }).then(idOf),
      added({}, {}).then(idOf),
      added({}, { centre: CENTRE, mirrorAverage: true }).then(idOf),
    ]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await idOf(await added({ title: 'the same' }))).toBe(ids[0]);
  });

  it('is checked part by part, and removed as a whole', async () => {
    const directory = await added();
    expect(await verifyModel('both', directory)).toMatchObject({ files: 5, runtime: 'tfjs-wasm' });
    const shard = join(directory, 'both', 'edges', 'shard2.bin');
    const bytes = readFileSync(shard);
    bytes[100]! ^= 1;
    writeFileSync(shard, bytes);
    await expect(verifyModel('both', directory)).rejects.toThrow(/shard2\.bin of both\/edges/);
    const embedders = [findEmbedder('both', directory)];
    await expect(createVision({ runtime: 'tfjs-wasm', workers: 1, embedders })).rejects.toThrow(
      /shard2\.bin of both\/edges/,
    );
    await removeModel('both', directory);
    expect(await listModels(directory)).toHaveLength(EMBEDDERS.length);
  });

  it('comes again from the models directory of another installation', async () => {
    const directory = await added();
    const elsewhere = fresh();
    await addModel(elsewhere, { path: join(directory, 'both') });
    expect(await loadEmbedder(findEmbedder('both', elsewhere))).toEqual(
      await loadEmbedder(findEmbedder('both', directory)),
    );
  });

  it.each([
    ['one part', { parts: [PARTS[0]] }, {}, 'expected 2 to 8 embedders'],
    [
      'a part that is nowhere',
      { parts: [PARTS[0], { model: 'nothing', weight: 1 }] },
      {},
      'the fusion both names nothing, which neither comes with Likeness nor lies in its folder',
    ],
    [
      'a part outside of its folder',
      { parts: [PARTS[0], { model: '../edges', weight: 1 }] },
      {},
      'parts[1].model is "../edges", expected the name of an embedder',
    ],
    [
      'a weight of nothing',
      { parts: [PARTS[0], { model: 'edges', weight: 0 }] },
      {},
      'parts[1].weight is 0, expected a number above 0',
    ],
    ['no licence', { licence: undefined }, {}, 'say under which licence'],
    ['a name that is taken', { name: 'dlib-resnet' }, {}, 'comes with Likeness'],
    [
      'a centre of another length',
      {},
      { centre: [0.1] },
      `centre has 1 numbers, expected ${SMALL_DIMENSION}`,
    ],
    [
      'a curve without points',
      { calibration: { version: '1', exponent: 0.2 } },
      {},
      'calibration.points is missing',
    ],
  ])('with %s is refused', async (_, over, part, message) => {
    expect(await refusal(fusionFolder(over, part))).toContain(message);
  });
});
