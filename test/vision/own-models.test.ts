import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import {
  EMBEDDERS,
  embeddingModel,
  findEmbedder,
  loadPlaced,
  loadPlacedFiles,
} from '../../src/vision/models.js';
import { loadNets } from '../../src/vision/nets.js';
import { type AddRequest, addModel } from '../../src/vision/own/add.js';
import { listModels, removeModel, verifyModel } from '../../src/vision/own/installed-models.js';
import { Pipeline } from '../../src/vision/pipeline.js';
import { createVision } from '../../src/vision/pool.js';
import { missingPackages } from '../../src/vision/runtimes/installed.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import {
  SMALL_CALIBRATION,
  SMALL_CARD,
  SMALL_DIMENSION,
  writeGraphModel,
  writeOnnxModel,
} from '../support/small-models.js';
import { EVERYTHING, sample } from './photos.js';

const folder = mkdtempSync(join(tmpdir(), 'likeness-own-models-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COHORT = {
  strength: 4,
  level: 0.5,
  mean: Array.from({ length: SMALL_DIMENSION }, (_, at) => 1 + (at % 3)),
  centroids: [Array.from({ length: SMALL_DIMENSION }, (_, at) => (at % 5) - 2)],
};

let count = 0;
const fresh = (): string => join(folder, `${++count}`);
const withOnnx = missingPackages('onnxruntime').length === 0;
const onnxNote = withOnnx ? '' : ' (skipped: onnxruntime-node is not installed)';

/** Adds a model to a directory of its own. */
const added = async (request: AddRequest): Promise<{ directory: string; name: string }> => {
  const directory = fresh();
  const { name } = await addModel(directory, request);
  return { directory, name };
};

const graphModel = (said: object = SMALL_CARD): Promise<{ directory: string; name: string }> =>
  added({ path: writeGraphModel(join(fresh(), 'Small Graph'), 1), said });

const refusal = async (request: AddRequest, directory = fresh()): Promise<string> => {
  const error = await addModel(directory, request).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OperatorError);
  return (error as OperatorError).message;
};

describe('a TensorFlow.js graph model', () => {
  it('is completed from itself and its family, and gives the numbers recorded then', async () => {
    const { directory, name } = await graphModel();
    expect(name).toBe('small-graph');
    const { card } = await loadPlaced(findEmbedder(name, directory), 'embedder');
    expect(card.outputs).toEqual([
      { name: 'embedding/result', meaning: 'the embedding', length: SMALL_DIMENSION },
    ]);
    expect(card.input).toMatchObject({ size: 112, order: 'RGB', divisor: 127.5, layout: 'NHWC' });
    expect(card.input.maxBatch).toBe(128);
    expect(card.alignment.template[0]).toEqual([38.2946, 51.6963]);
    expect(card.files.map(({ role }) => role)).toEqual(['topology', 'weights', 'weights']);
    const { parity, runtime } = await verifyModel(name, directory);
    expect(runtime).toBe('tfjs-wasm');
    expect(parity.cosine).toBeGreaterThan(0.999_999);
  });

  it('embeds beside the default model, and leaves what that one gives as it is', async () => {
    const { directory, name } = await graphModel();
    const place = findEmbedder(name, directory);
    const standard = findEmbedder('dlib-resnet', directory);
    const cards = await Promise.all(
      [standard, place].map(async (each) => (await loadPlaced(each, 'embedder')).card),
    );
    const { nets } = await loadNets(await startRuntime('tfjs-wasm'), [standard, place]);
    const [first, second] = cards.map((card) => embeddingModel(card).id);
    const pipeline = await Pipeline.create(nets, 50_000_000, cards);
    const alone = await pipeline.analyse(sample(3), EVERYTHING);
    const both = await pipeline.analyse(sample(3), { ...EVERYTHING, models: [second!, first!] });
    expect(alone.faces.length).toBeGreaterThan(1);
    for (const [index, face] of both.faces.entries()) {
      expect(face.embedding).toHaveLength(SMALL_DIMENSION);
      expect(Math.hypot(...face.embedding!)).toBeCloseTo(1, 5);
      expect(face.further).toEqual([alone.faces[index]!.embedding]);
      expect(face.quality).toEqual(alone.faces[index]!.quality);
    }
  });

  it('with a cohort is another model, which gives other embeddings', async () => {
    const path = writeGraphModel(join(fresh(), 'Small Graph'), 1);
    const directory = fresh();
    for (const said of [
      { ...SMALL_CARD, name: 'plain' },
      { ...SMALL_CARD, name: 'spread', cohort: COHORT },
    ])
      await addModel(directory, { path, said });
    const places = ['plain', 'spread'].map((each) => findEmbedder(each, directory));
    const cards = await Promise.all(
      places.map(async (each) => (await loadPlaced(each, 'embedder')).card),
    );
    const { nets } = await loadNets(await startRuntime('tfjs-wasm'), places);
    const models = cards.map((card) => embeddingModel(card).id);
    const digests = models.map((id) => id.replace(/^.*-/, ''));
    expect(digests[0]).not.toBe(digests[1]);
    const pipeline = await Pipeline.create(nets, 50_000_000, cards);
    const { faces } = await pipeline.analyse(sample(3), { ...EVERYTHING, models });
    for (const { embedding, further } of faces) {
      const [spread] = further!;
      expect(Math.hypot(...spread!)).toBeCloseTo(1, 5);
      expect(spread).not.toEqual(embedding);
    }
  });

  it('goes through the workers by the id that its collections pin', async () => {
    const { directory, name } = await graphModel();
    const embedders = ['dlib-resnet', name].map((each) => findEmbedder(each, directory));
    const vision = await createVision({ runtime: 'tfjs-wasm', workers: 1, embedders });
    try {
      const [standard, own] = vision.models;
      expect(vision.model).toEqual(standard);
      expect(own).toMatchObject({ name, dimension: SMALL_DIMENSION });
      expect(own).not.toHaveProperty('calibration');
      const { faces } = await vision.analyse(sample(3), {
        ...EVERYTHING,
        models: [own!.id, standard!.id],
      });
      expect(faces[0]!.embedding).toHaveLength(SMALL_DIMENSION);
      expect(faces[0]!.further!.map(({ length }) => length)).toEqual([128]);
    } finally {
      await vision.close();
    }
  });

  it('is refused at a start when a byte of it was altered since', async () => {
    const { directory, name } = await graphModel();
    const path = join(directory, name, 'shard2.bin');
    const bytes = readFileSync(path);
    bytes[100]! ^= 1;
    writeFileSync(path, bytes);
    const message =
      /model file .*shard2\.bin of small-graph: expected sha256 [0-9a-f]{64}, found [0-9a-f]{64}; add the model again/;
    await expect(verifyModel(name, directory)).rejects.toThrow(message);
    const embedders = [findEmbedder(name, directory)];
    await expect(createVision({ runtime: 'tfjs-wasm', workers: 1, embedders })).rejects.toThrow(
      message,
    );
  });

  it('is refused at a start when it gives other numbers than it did', async () => {
    const { directory, name } = await graphModel();
    const path = join(directory, name, 'reference.json');
    const reference = JSON.parse(readFileSync(path, 'utf8')) as {
      outputs: Record<string, number[][]>;
    };
    for (const images of Object.values(reference.outputs))
      for (const numbers of images) numbers.reverse();
    writeFileSync(path, JSON.stringify(reference));
    await expect(verifyModel(name, directory)).rejects.toThrow(OperatorError);
    await expect(verifyModel(name, directory)).rejects.toThrow(/small-graph/);
  });
});

describe('adding', () => {
  const path = (): string => writeGraphModel(fresh(), 1);

  it('refuses what is no model, by what was expected', async () => {
    const text = join(folder, 'notes.txt');
    writeFileSync(text, 'no model');
    expect(await refusal({ path: text })).toContain(
      'is no model: expected an .onnx file, or a folder',
    );
    expect(await refusal({ path: join(folder, 'absent.onnx') })).toContain('cannot be read');
    const layers = path();
    writeFileSync(join(layers, 'model.json'), '{"format":"layers-model"}');
    expect(await refusal({ path: layers })).toContain('is a layers-model, expected a graph-model');
    const corrupt = path();
    writeFileSync(join(corrupt, 'model.json'), '{');
    expect(await refusal({ path: corrupt })).toContain('model.json is not JSON');
    const cut = path();
    writeFileSync(join(cut, 'shard2.bin'), 'short');
    expect(await refusal({ path: cut, said: SMALL_CARD })).toMatch(/the weights have 1005 bytes/);
    const missing = path();
    rmSync(join(missing, 'shard1.bin'));
    expect(await refusal({ path: missing, said: SMALL_CARD })).toContain(
      'shard1.bin cannot be copied',
    );
  });

  it('refuses numbers that are none, and one embedding for all images', async () => {
    const nan = writeGraphModel(fresh(), 1, new Float32Array(16 * 16 * 3 * 4).fill(Number.NaN));
    expect(await refusal({ path: nan, said: SMALL_CARD })).toMatch(/a number that is not finite/);
    const zero = writeGraphModel(fresh(), 1, new Float32Array(16 * 16 * 3 * 4));
    expect(await refusal({ path: zero, said: SMALL_CARD })).toMatch(
      /a vector of length 0, expected a finite direction/,
    );
  });

  it.each([
    ['no licence', {}, 'say under which licence'],
    ['a name that is none', { ...SMALL_CARD, name: '../x' }, '"../x" cannot name a model'],
    [
      'the name of a model that is there',
      { ...SMALL_CARD, name: 'dlib-resnet' },
      'comes with Likeness',
    ],
    [
      'another dimension',
      { ...SMALL_CARD, outputs: [{ name: 'embedding/result', length: 512 }] },
      `gives ${SMALL_DIMENSION} numbers at embedding/result, its card says 512`,
    ],
    [
      'another input',
      { ...SMALL_CARD, input: { size: 160 } },
      'takes images of 112 × 112, its card says 160',
    ],
    ['an output that is not there', { ...SMALL_CARD, outputs: [{ name: 'nothing' }] }, 'nothing'],
    [
      'a wrong member',
      { ...SMALL_CARD, input: { divisor: 0 } },
      'input.divisor is 0, expected a number above 0',
    ],
    [
      'a curve without points',
      { ...SMALL_CARD, calibration: { version: '1', exponent: 0.2 } },
      'calibration.points is missing',
    ],
    [
      'gains that are no numbers',
      { ...SMALL_CARD, calibration: { ...SMALL_CALIBRATION, gains: [Number.NaN] } },
      'calibration.gains is [null], expected a number for each point',
    ],
    [
      'a cohort without centroids',
      { ...SMALL_CARD, cohort: { ...COHORT, centroids: [] } },
      'cohort.centroids is [], expected up to 1024 lists',
    ],
    [
      'a cohort of another length',
      { ...SMALL_CARD, cohort: { ...COHORT, centroids: [COHORT.mean, [1, 2]] } },
      `cohort.centroids[1] has 2 numbers, expected ${SMALL_DIMENSION} as its output`,
    ],
    [
      'a cohort without a direction',
      { ...SMALL_CARD, cohort: { ...COHORT, mean: COHORT.mean.map(() => 0) } },
      'cohort.mean is all zeros, expected a direction',
    ],
    [
      'a cohort that would tear embeddings apart',
      { ...SMALL_CARD, cohort: { ...COHORT, strength: 21 } },
      'cohort.strength is 21, expected a number from 0 to 20',
    ],
  ])('refuses %s', async (_, said, message) => {
    const directory = fresh();
    expect(await refusal({ path: path(), said }, directory)).toContain(message);
    // Nothing is left of it.
    expect(await listModels(directory)).toHaveLength(EMBEDDERS.length);
    expect(readdirSync(folder).includes(directory) ? readdirSync(directory) : []).toEqual([]);
  });

  it('takes a card that lies beside the model, checks its checksums and never overwrites', async () => {
    const { directory, name } = await graphModel({ ...SMALL_CARD, calibration: SMALL_CALIBRATION });
    const elsewhere = fresh();
    const again = await addModel(elsewhere, { path: join(directory, name) });
    expect(again).toEqual((await loadPlaced(findEmbedder(name, directory), 'embedder')).card);
    expect(await refusal({ path: join(directory, name) }, elsewhere)).toContain(
      'there is a model small-graph',
    );
    writeFileSync(join(directory, name, 'shard1.bin'), Buffer.alloc(1000));
    expect(await refusal({ path: join(directory, name) })).toMatch(
      /expected sha256 [0-9a-f]{64}, found/,
    );
  });
});

describe('the models at hand', () => {
  it('are listed, with what is wrong with one, and removed', async () => {
    const { directory, name } = await graphModel();
    const second = await addModel(directory, {
      path: writeGraphModel(fresh(), 2),
      said: { ...SMALL_CARD, name: 'second' },
    });
    writeFileSync(join(directory, 'second', 'card.json'), '{}');
    const listed = await listModels(directory);
    expect(listed.map((model) => model.name)).toEqual([...EMBEDDERS, 'second', name]);
    expect(listed[EMBEDDERS.length]).toHaveProperty('fault');
    await removeModel(second.name, directory);
    await removeModel(name, directory);
    expect(await listModels(directory)).toHaveLength(EMBEDDERS.length);
    await expect(removeModel(name, directory)).rejects.toThrow('there is no embedding model');
    await expect(removeModel('dlib-resnet', directory)).rejects.toThrow('comes with Likeness');
    expect(() => findEmbedder('../escape', directory)).toThrow('there is no embedding model');
  });
});

describe('an ONNX file', () => {
  it.runIf(withOnnx)(`gives what the same net gives as a graph${onnxNote}`, async () => {
    const path = writeOnnxModel(join(folder, 'small.onnx'), 1);
    const { directory, name } = await added({ path, said: SMALL_CARD });
    const placed = await loadPlaced(findEmbedder(name, directory), 'embedder');
    expect(placed.card).toMatchObject({
      format: 'onnx',
      input: { layout: 'NCHW', node: 'image', size: 112, maxBatch: 128 },
      outputs: [{ name: 'embedding', length: SMALL_DIMENSION }],
    });
    expect((await verifyModel(name, directory)).runtime).toBe('onnxruntime');
    const graph = await graphModel();
    const other = await loadPlaced(findEmbedder(graph.name, graph.directory), 'embedder');
    const pixels = Float32Array.from({ length: 2 * 112 * 112 * 3 }, (_, i) => (i * i) % 251);
    const [onnx] = await (
      await (await startRuntime('onnxruntime')).load(await loadPlacedFiles(placed))
    ).run(pixels, 2);
    const [tfjs] = await (
      await (await startRuntime('tfjs-wasm')).load(await loadPlacedFiles(other))
    ).run(pixels, 2);
    // By channel there, by place here.
    for (const [at, value] of tfjs!.subarray(0, SMALL_DIMENSION).entries())
      expect(onnx![(at % 4) * 49 + Math.floor(at / 4)]).toBeCloseTo(value, 3);
  });

  it.runIf(withOnnx)(`that is cut is refused${onnxNote}`, async () => {
    const path = writeOnnxModel(join(folder, 'cut.onnx'), 1);
    writeFileSync(path, readFileSync(path).subarray(0, 5000));
    expect(await refusal({ path, said: SMALL_CARD })).toContain('its ONNX file cannot be loaded');
  });

  it.runIf(withOnnx)(`is not run by a runtime that cannot${onnxNote}`, async () => {
    const path = writeOnnxModel(join(folder, 'other.onnx'), 1);
    const { directory, name } = await added({ path, said: SMALL_CARD });
    const embedders = [findEmbedder(name, directory)];
    await expect(createVision({ runtime: 'tfjs-wasm', workers: 1, embedders })).rejects.toThrow(
      'model other is an ONNX file, which only ONNX Runtime runs',
    );
  });

  it.skipIf(withOnnx)('says what to install where ONNX Runtime is absent', async () => {
    const path = writeOnnxModel(join(folder, 'absent-runtime.onnx'), 1);
    expect(await refusal({ path, said: SMALL_CARD })).toMatch(
      /is an ONNX file, which needs the package onnxruntime-node: run `.*npm install onnxruntime-node`/,
    );
  });
});
