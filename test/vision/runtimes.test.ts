import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import type { EmbedderCard } from '../../src/vision/cards.js';
import { Embedder } from '../../src/vision/embed.js';
import {
  DEFAULT_MODELS,
  loadCard,
  loadModelFiles,
  loadReference,
  type ModelFiles,
} from '../../src/vision/models.js';
import { type LoadedNets, loadNets, pipelineCards } from '../../src/vision/nets.js';
import { Pipeline } from '../../src/vision/pipeline.js';
import { batchingNet } from '../../src/vision/runtimes/batching.js';
import { checkedNet } from '../../src/vision/runtimes/checked-net.js';
import { installedVersion, missingPackages } from '../../src/vision/runtimes/installed.js';
import { cachedOnnx, exportOnnx } from '../../src/vision/runtimes/onnx/export.js';
import { checkParity, PARITY_LIMITS, referenceImages } from '../../src/vision/runtimes/parity.js';
import {
  type Net,
  type Nets,
  RUNTIME_NAMES,
  type Runtime,
  RuntimeFault,
} from '../../src/vision/runtimes/runtime.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import { decodeWeights } from '../../src/vision/runtimes/weights.js';
import { EVERYTHING, sample } from './photos.js';

const folder = mkdtempSync(join(tmpdir(), 'likeness-runtimes-'));
const embedderCard = (): Promise<EmbedderCard> => loadCard(DEFAULT_MODELS.embedder, 'embedder');
const embedderFiles = async (): Promise<ModelFiles<EmbedderCard>> =>
  loadModelFiles(await embedderCard());

let wasm: Runtime;
let wasmNets: LoadedNets;

beforeAll(async () => {
  wasm = await startRuntime('tfjs-wasm');
  wasmNets = await loadNets(wasm);
});
afterAll(() => rmSync(folder, { recursive: true }));

const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * b[index]!, 0);

/** Every embedding of a photo, computed on these nets alone. */
async function embeddings(nets: Nets, photo: Buffer): Promise<Float32Array[]> {
  const pipeline = await Pipeline.create(nets, 50_000_000);
  const { faces } = await pipeline.analyse(photo, EVERYTHING);
  return faces.map(({ embedding }) => embedding!);
}

describe('a runtime', () => {
  it('gives the recorded numbers', () => {
    expect(wasmNets.parity.cosine).toBeGreaterThanOrEqual(PARITY_LIMITS.cosine);
    expect(wasmNets.parity.deviation).toBeLessThan(1e-4);
  });

  it('loads the nets of attributes when they are first run, and holds them to their numbers too', async () => {
    const own = await startRuntime('tfjs-wasm');
    const { nets, complete } = await loadNets(own);
    const before = own.tensors();
    const { card } = (await pipelineCards()).find(({ card: { task } }) => task === 'attributes')!;
    await nets.get(card.name)!.run(referenceImages(1, 1, card.input.size), 1);
    const loaded = own.tensors();
    expect(loaded).toBeGreaterThan(before);
    const all = await complete();
    expect(all.cosine).toBeGreaterThanOrEqual(PARITY_LIMITS.cosine);
    expect(all.deviation).toBeLessThan(1e-4);
    expect(own.tensors()).toBeGreaterThan(loaded);
  });

  it('that is not installed says so in one line', async () => {
    for (const name of RUNTIME_NAMES.filter((other) => missingPackages(other).length > 0))
      await expect(startRuntime(name)).rejects.toThrow(/^runtime \S+ cannot be used: .+$/);
  });

  it('holds no tensor of a photo once it is analysed', async () => {
    const pipeline = await Pipeline.create(wasmNets.nets, 50_000_000);
    const sky = await sharp({
      create: { width: 400, height: 300, channels: 3, background: '#4488cc' },
    })
      .png()
      .toBuffer();
    const before = wasm.tensors();
    expect(before).toBeGreaterThan(0);
    for (const image of [sample(5), sky, sample(1)]) {
      await pipeline.analyse(image, EVERYTHING);
      expect(wasm.tensors()).toBe(before);
    }
    await expect(pipeline.analyse(sample(5).subarray(0, 50_000), EVERYTHING)).rejects.toThrow(
      'Request has invalid image format',
    );
    expect(wasm.tensors()).toBe(before);
  });

  it('gives an image the same numbers alone and among others', async () => {
    for (const { card } of await pipelineCards()) {
      const net = wasmNets.nets.get(card.name)!;
      const each = card.input.size ** 2 * 3;
      const pixels = referenceImages(5, 3, card.input.size);
      const together = await net.run(pixels, 3);
      const alone = await net.run(pixels.slice(2 * each), 1);
      for (const [index, { length }] of card.outputs.entries()) {
        const difference = alone[index]!.map((value, k) =>
          Math.abs(value - together[index]![2 * length + k]!),
        );
        expect(Math.max(...difference)).toBeLessThan(1e-3);
      }
    }
  });
});

describe.skipIf(missingPackages('onnxruntime').length > 0)(
  `ONNX Runtime (${installedVersion('onnxruntime-node') ?? 'skipped: onnxruntime-node is not installed'})`,
  () => {
    let onnx: LoadedNets;
    beforeAll(async () => {
      onnx = await loadNets(await startRuntime('onnxruntime', folder));
    });

    it('gives the recorded numbers with the exported nets', () => {
      expect(onnx.parity.cosine).toBeGreaterThanOrEqual(PARITY_LIMITS.cosine);
      expect(onnx.parity.deviation).toBeLessThan(1e-4);
    });

    it('gives embeddings that are interchangeable with those of WASM', async () => {
      const [indexed, searched] = [
        await embeddings(wasmNets.nets, sample(5)),
        await embeddings(onnx.nets, sample(5)),
      ];
      expect(searched).toHaveLength(indexed.length);
      for (const [index, embedding] of searched.entries())
        expect(cosine(embedding, indexed[index]!)).toBeGreaterThan(0.9999);
    });

    it('takes an exported net as it was kept', async () => {
      const kept = readdirSync(folder).filter((name) => name.endsWith('.onnx'));
      // Nets of attributes wait for who asks for them.
      const loaded = (await pipelineCards()).filter(({ card }) => card.task !== 'attributes');
      expect(kept).toHaveLength(loaded.length);
      const again = await loadNets(await startRuntime('onnxruntime', folder));
      expect(again.parity).toEqual(onnx.parity);
    });
  },
);

/** A software driver takes minutes for all nets; one small image of the embedder shows that the path works. */
describe.skipIf(process.env['LIKENESS_TEST_WEBGPU'] !== '1')(
  'WebGPU (set LIKENESS_TEST_WEBGPU=1 where a Vulkan driver and the packages are)',
  () => {
    it.each(['tfjs-webgpu', 'onnxruntime-webgpu'] as const)(
      'gives the recorded numbers on %s',
      async (name) => {
        const gpu = await startRuntime(name, folder);
        const files = await embedderFiles();
        const net = await gpu.load(files);
        const parity = await checkParity(files.card, net, await loadReference(files.card.name));
        expect(parity.deviation).toBeLessThan(1e-3);
      },
      600_000,
    );
  },
);

describe('parity', () => {
  it('names a net that computes something else', async () => {
    const card = await embedderCard();
    const reference = await loadReference(card.name);
    const right = wasmNets.nets.get(card.name)!;
    const wrong: Record<string, (value: number, index: number) => number> = {
      shifted: (value, index) => value + (index % 2 === 0 ? 0.02 : 0),
      negated: (value) => -value,
      constant: () => 0.1,
    };
    await expect(checkParity(card, right, reference)).resolves.toBeDefined();
    for (const distort of Object.values(wrong)) {
      const net: Net = {
        maxBatch: right.maxBatch,
        run: async (...run) => (await right.run(...run)).map((values) => values.map(distort)),
      };
      await expect(checkParity(card, net, reference)).rejects.toThrow(
        /^model dlib-cohort gives other numbers than recorded: cosine .+, deviation .+$/,
      );
    }
  });

  it('refuses a reference that belongs to other weights', async () => {
    const card = await embedderCard();
    const reference = await loadReference(card.name);
    const net = wasmNets.nets.get(card.name)!;
    await expect(
      checkParity(card, net, { ...reference, weights: ['0'.repeat(64)] }),
    ).rejects.toThrow('its reference was recorded with other weights');
    await expect(loadReference('no-such-model')).rejects.toThrow(OperatorError);
  });
});

describe('a net', () => {
  const netThatGives = async (...values: Float32Array[]): Promise<Net> =>
    checkedNet('tfjs-wasm', await embedderCard(), async () => values);
  const one = new Float32Array(150 * 150 * 3);

  it('that gives the wrong shape is a fault of the runtime', async () => {
    await expect((await netThatGives(new Float32Array(127))).run(one, 1)).rejects.toThrow(
      /got 127 numbers, expected 128/,
    );
    await expect((await netThatGives()).run(one, 1)).rejects.toThrow(RuntimeFault);
  });

  it('that gives NaN or infinity is a fault of the runtime, and no embedding', async () => {
    const card = await embedderCard();
    for (const bad of [NaN, Infinity, -Infinity]) {
      const values = new Float32Array(128).fill(0.1);
      values[77] = bad;
      const net = await netThatGives(values);
      await expect(net.run(one, 1)).rejects.toThrow(RuntimeFault);
      await expect(new Embedder(net, card).embed([[one]])).rejects.toThrow(RuntimeFault);
    }
  });

  it('that gives only zeros has no direction', async () => {
    const net = await netThatGives(new Float32Array(256));
    await expect(new Embedder(net, await embedderCard()).embed([[one]])).rejects.toThrow(
      'expected a finite direction',
    );
  });

  it('that throws is a fault of the runtime', async () => {
    const net = checkedNet('tfjs-wasm', await embedderCard(), () =>
      Promise.reject(new Error('device gone')),
    );
    await expect(net.run(one, 1)).rejects.toThrow(RuntimeFault);
    await expect(net.run(one, 1)).rejects.toThrow('device gone');
  });

  it('is given as many pixels as it takes', async () => {
    const net = await netThatGives(new Float32Array(128));
    await expect(net.run(one.subarray(1), 1)).rejects.toThrow(RangeError);
    await expect(net.run(one, 0)).rejects.toThrow(RangeError);
    await expect(net.run(one, 9)).rejects.toThrow(RangeError);
  });
});

describe('batching', () => {
  /** Gives each image its first pixel, and writes down the size of each batch. */
  function recordingNet(maxBatch: number): { net: Net; batches: number[] } {
    const batches: number[] = [];
    const run: Net['run'] = async (pixels, batch) => {
      batches.push(batch);
      await new Promise((resolve) => setImmediate(resolve));
      const each = pixels.length / batch;
      return [Float32Array.from({ length: batch }, (_, image) => pixels[image * each]!)];
    };
    return { net: { maxBatch, run }, batches };
  }

  it('runs together what several callers ask for, and gives each its own', async () => {
    const { net, batches } = recordingNet(8);
    const together = batchingNet(net);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, caller) =>
        together.run(Float32Array.from([caller, 0, caller + 0.5, 0]), 2),
      ),
    );
    for (const [caller, [values]] of answers.entries())
      expect([...values!]).toEqual([caller, caller + 0.5]);
    expect(batches.reduce((sum, batch) => sum + batch, 0)).toBe(40);
    expect(Math.max(...batches)).toBe(8);
    expect(batches.length).toBeLessThan(10);
  });

  it('makes batches of few sizes for a runtime that keeps memory for each, and leaves nobody behind', async () => {
    const { net, batches } = recordingNet(32);
    const together = batchingNet(net, true);
    // Of one image and of six, as photos with one face and with three give them.
    const sizes = [1, 1, 1, 6, 1, 1, 1, 1, 1, 1, 1, 6, 6];
    const answers = await Promise.all(
      sizes.map((size, caller) => together.run(new Float32Array(size).fill(caller), size)),
    );
    for (const [caller, [values]] of answers.entries())
      expect([...values!]).toEqual(Array<number>(sizes[caller]!).fill(caller));
    expect(batches).toEqual([16, 12]);
    batches.length = 0;
    await Promise.all(Array.from({ length: 13 }, () => together.run(new Float32Array(1), 1)));
    expect(batches).toEqual([8, 4, 1]);
  });

  it('does not let a single run wait for others', async () => {
    const { net, batches } = recordingNet(8);
    expect([...(await batchingNet(net).run(Float32Array.from([7]), 1))[0]!]).toEqual([7]);
    expect(batches).toEqual([1]);
  });

  it('tells every caller of a batch that failed, and goes on', async () => {
    let failing = true;
    const { net } = recordingNet(4);
    const together = batchingNet({
      ...net,
      run: (...run) => (failing ? Promise.reject(new RuntimeFault('lost')) : net.run(...run)),
    });
    const runs = [1, 2].map((value) => together.run(Float32Array.from([value]), 1));
    for (const outcome of await Promise.allSettled(runs))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'lost' } });
    failing = false;
    expect([...(await together.run(Float32Array.from([3]), 1))[0]!]).toEqual([3]);
  });
});

describe('the ONNX export', () => {
  it('is written once and read again', async () => {
    const files = await embedderFiles();
    const cache = mkdtempSync(join(folder, 'cache-'));
    const first = await cachedOnnx(files, cache);
    const [name] = readdirSync(cache);
    const { length } = readFileSync(join(cache, name!));
    expect(length).toBe(first.length + 32);
    expect(Buffer.from(await cachedOnnx(files, cache)).equals(Buffer.from(first))).toBe(true);
    expect(readdirSync(cache)).toEqual([name]);
  });

  it('is made anew when its file was altered or cut', async () => {
    const files = await embedderFiles();
    const cache = mkdtempSync(join(folder, 'cache-'));
    const right = Buffer.from(await cachedOnnx(files, cache));
    const path = join(cache, readdirSync(cache)[0]!);
    const altered = readFileSync(path);
    altered[5000] = altered[5000]! ^ 1;
    for (const bad of [altered, altered.subarray(0, 1000), Buffer.alloc(0)]) {
      writeFileSync(path, bad);
      expect(right.equals(await cachedOnnx(files, cache))).toBe(true);
      expect(readFileSync(path).subarray(32).equals(right)).toBe(true);
    }
  });

  it('names an operation it cannot express', async () => {
    const files = await loadModelFiles(await loadCard(DEFAULT_MODELS.landmarks, 'landmarks'));
    const text = Buffer.from(files.file('topology')).toString();
    const strange: ModelFiles = {
      card: files.card,
      file: (role) =>
        role === 'topology'
          ? Buffer.from(text.replace('"op":"Sigmoid"', '"op":"Erfinv"'))
          : files.file(role),
    };
    expect(text).toContain('"op":"Sigmoid"');
    expect(() => exportOnnx(strange)).toThrow(/the operation Erfinv .* does not know/);
  });
});

describe('a model file', () => {
  it('that is shorter or longer than its manifest says is refused', () => {
    const manifest = [
      { weights: [{ name: 'w', shape: [3], dtype: 'float32' }] },
      {
        weights: [
          {
            name: 'q',
            shape: [2],
            dtype: 'float32',
            quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
          },
        ],
      },
    ];
    const bytes = new Uint8Array(14);
    bytes.set([0, 0, 128, 63], 4);
    bytes.set([2, 4], 12);
    const weights = decodeWeights(manifest, bytes);
    expect([...weights.get('w')!.data]).toEqual([0, 1, 0]);
    expect([...weights.get('q')!.data]).toEqual([0, 1]);
    for (const length of [13, 15])
      expect(() => decodeWeights(manifest, new Uint8Array(length))).toThrow(
        `the weights have ${length} bytes, their manifest says 14`,
      );
  });

  it('of another architecture than the code knows stops the start', async () => {
    const files = await embedderFiles();
    const card = { ...files.card, architecture: 'perceptron' };
    await expect(wasm.load({ ...files, card })).rejects.toThrow(
      'unknown architecture perceptron, expected one of dlib-resnet-29',
    );
  });

  it('that belongs to a card with a missing member is refused by the member', async () => {
    const models = mkdtempSync(join(folder, 'models-'));
    cpSync(new URL('../../models', import.meta.url), models, { recursive: true });
    const path = join(models, 'dlib-resnet/card.json');
    const card = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    for (const member of ['files', 'input', 'outputs', 'alignment', 'calibration', 'licence']) {
      const { [member]: _, ...cut } = card;
      writeFileSync(path, JSON.stringify(cut));
      await expect(loadCard('dlib-resnet', 'embedder', models)).rejects.toThrow(
        new RegExp(`model card .*card.json: ${member} `),
      );
    }
  });
});
