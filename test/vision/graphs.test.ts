import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { faceApiTopology } from '../../src/vision/graphs/face-api.js';
import { loadCard, loadModelFiles } from '../../src/vision/models.js';
import { type GraphFile, readGraph } from '../../src/vision/runtimes/graph-file.js';
import { graphForward } from '../../src/vision/runtimes/graph-forward.js';
import { installedDirectory } from '../../src/vision/runtimes/installed.js';
import { referenceImages } from '../../src/vision/runtimes/parity.js';
import type { Runtime } from '../../src/vision/runtimes/runtime.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import { deviation } from './executors.js';

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'model',
);

/** face-api's own layers, one tfjs operation at a time, as its source has them (src/xception, src/faceFeatureExtractor). */
class Reference {
  readonly #weights: tf.NamedTensorMap;

  constructor(name: string) {
    const manifest = JSON.parse(
      readFileSync(join(folder, `${name}-weights_manifest.json`), 'utf8'),
    ) as tf.io.WeightsManifestConfig;
    const bytes = new Uint8Array(readFileSync(join(folder, `${name}.bin`)));
    this.#weights = tf.io.decodeWeights(
      bytes.buffer,
      manifest.flatMap((group) => group.weights),
    );
  }

  w(name: string): tf.Tensor {
    const weight = this.#weights[name];
    if (!weight) throw new Error(`no weight ${name}`);
    return weight;
  }

  conv(x: tf.Tensor4D, name: string, stride: number): tf.Tensor4D {
    return tf.add(
      tf.conv2d(x, this.w(`${name}/filters`) as tf.Tensor4D, stride, 'same'),
      this.w(`${name}/bias`),
    );
  }

  separable(x: tf.Tensor4D, name: string, stride = 1): tf.Tensor4D {
    const depth = this.w(`${name}/depthwise_filter`) as tf.Tensor4D;
    const point = this.w(`${name}/pointwise_filter`) as tf.Tensor4D;
    return tf.add(tf.separableConv2d(x, depth, point, stride, 'same'), this.w(`${name}/bias`));
  }

  connected(map: tf.Tensor4D, name: string): number[] {
    const pooled = tf.reshape(tf.avgPool(map, 7, 2, 'valid'), [map.shape[0], -1]);
    const out = tf.add(
      tf.matMul(pooled, this.w(`${name}/weights`) as tf.Tensor2D),
      this.w(`${name}/bias`),
    );
    return [...out.dataSync()];
  }

  dense(x: tf.Tensor4D, name: string, isFirst: boolean): tf.Tensor4D {
    const one = tf.relu(
      isFirst ? this.conv(x, `${name}/conv0`, 2) : this.separable(x, `${name}/conv0`, 2),
    );
    const two = this.separable(one, `${name}/conv1`);
    const three = this.separable(tf.relu(tf.add(one, two)), `${name}/conv2`);
    const four = this.separable(tf.relu(tf.add(one, tf.add(two, three))), `${name}/conv3`);
    return tf.relu(tf.add(one, tf.add(two, tf.add(three, four))));
  }

  reduction(x: tf.Tensor4D, name: string, isActivateInput: boolean): tf.Tensor4D {
    let out = this.separable(isActivateInput ? tf.relu(x) : x, `${name}/separable_conv0`);
    out = this.separable(tf.relu(out), `${name}/separable_conv1`);
    return tf.add(
      tf.maxPool(out, 3, 2, 'same'),
      this.conv(x, `${name}/expansion_conv`, 2),
    ) as tf.Tensor4D;
  }

  main(x: tf.Tensor4D, name: string): tf.Tensor4D {
    let out = this.separable(tf.relu(x), `${name}/separable_conv0`);
    out = this.separable(tf.relu(out), `${name}/separable_conv1`);
    out = this.separable(tf.relu(out), `${name}/separable_conv2`);
    return tf.add(out, x);
  }
}

const IMAGES = 2;
const pixels = Float32Array.from({ length: IMAGES * 112 * 112 * 3 }, (_, i) =>
  Math.round(128 + 90 * Math.sin(i * 0.0131) + 30 * Math.cos(i * i * 0.00017)),
);

/** The mean over the 49 places of each image's map. */
function meanOfPlaces(values: Float32Array, channels: number): number[] {
  const sums = Array.from({ length: IMAGES * channels }, () => 0);
  for (const [index, value] of values.entries()) {
    const at = Math.floor(index / (49 * channels)) * channels + (index % channels);
    sums[at] = sums[at]! + value / 49;
  }
  return sums;
}

const rounded = (values: readonly number[]): number[] =>
  values.map((value) => Number(value.toFixed(2)));

describe('graphs built over face-api’s weights', () => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await startRuntime('tfjs-wasm');
  });

  const prepared = (): tf.Tensor4D =>
    tf.div(
      tf.sub(tf.tensor4d(pixels, [IMAGES, 112, 112, 3]), tf.tensor1d([122.782, 117.001, 104.298])),
      255,
    );
  const run = async (name: string): Promise<Float32Array[]> => {
    const net = await runtime.load(await loadModelFiles(await loadCard(name, 'attributes')));
    return net.run(pixels, IMAGES);
  };

  it('tell expressions as its own net does', async () => {
    const [logits] = await run('face-expression');
    const net = new Reference('face_expression_model');
    let x = prepared();
    for (const index of [0, 1, 2, 3]) x = net.dense(x, `dense${index}`, index === 0);
    expect(rounded(meanOfPlaces(logits!, 7))).toEqual(rounded(net.connected(x, 'fc')));
  });

  it('tell age and gender as its own net does', async () => {
    const [age, gender] = await run('age-gender');
    const net = new Reference('age_gender_model');
    let x = tf.relu(net.conv(prepared(), 'entry_flow/conv_in', 2));
    x = net.reduction(x, 'entry_flow/reduction_block_0', false);
    x = net.reduction(x, 'entry_flow/reduction_block_1', true);
    x = net.main(x, 'middle_flow/main_block_0');
    x = net.main(x, 'middle_flow/main_block_1');
    x = net.reduction(x, 'exit_flow/reduction_block', true);
    x = tf.relu(net.separable(x, 'exit_flow/separable_conv'));
    expect(rounded(meanOfPlaces(age!, 1))).toEqual(rounded(net.connected(x, 'fc/age')));
    expect(rounded(meanOfPlaces(gender!, 2))).toEqual(rounded(net.connected(x, 'fc/gender')));
  });

  it('need every weight, and an architecture that stands in the code', () => {
    expect(() => faceApiTopology('face-api-expression', [{ weights: [] }], 'nobody')).toThrow(
      'the weights lack dense0/conv0/filters',
    );
    expect(faceApiTopology('another', [], 'nobody')).toBeUndefined();
  });
});

describe('a graph read once', () => {
  const NAMES = { detector: 'blazeface-back', landmarks: 'facemesh' } as const;

  it.each(Object.entries(NAMES))(
    'gives what TensorFlow.js gives at every run: %s',
    async (task, name) => {
      const card = await loadCard(name, task as keyof typeof NAMES);
      const graph = readGraph(await loadModelFiles(card));
      const names = card.outputs.map((output) => output.name);
      const { size } = card.input;
      const scaled = referenceImages(9, 2, size).map((value) => value / 255);
      const images = tf.tensor4d(scaled, [2, size, size, 3]);
      expect(await deviation(graph, names, images)).toBeLessThan(1e-4);
    },
  );

  const HUMAN = join(installedDirectory('@vladmandic/human')!, 'models');

  // Graphs as a converter leaves them, with other operations than those of this program.
  it.each([
    ['faceres', 224, ['global_pooling/Mean', 'gender_pred/Sigmoid', 'age_pred/Softmax']],
    ['liveness', 32, ['Identity']],
  ] as const)('gives the same of a graph that is a user’s: %s', async (name, size, names) => {
    const text = readFileSync(join(HUMAN, `${name}.json`), 'utf8');
    const weights = new Uint8Array(readFileSync(join(HUMAN, `${name}.bin`)));
    const seeded = referenceImages(9, 1, size);
    const scaled = name === 'faceres' ? seeded : seeded.map((value) => value / 255);
    const images = tf.tensor4d(scaled, [1, size, size, 3]);
    const graph = { file: JSON.parse(text) as GraphFile, weights };
    expect(await deviation(graph, names, images)).toBeLessThan(1e-4);
  });

  it('is none where an operation is not known', async () => {
    const card = await loadCard('facemesh', 'landmarks');
    const { file, weights } = readGraph(await loadModelFiles(card));
    const node = file.modelTopology.node.map((each) =>
      each.op === 'Sigmoid' ? { ...each, op: 'Tanh' } : each,
    );
    const other = { ...file, modelTopology: { node } };
    const names = card.outputs.map((output) => output.name);
    expect(graphForward(other, weights, names)).toBeUndefined();
  });
});
