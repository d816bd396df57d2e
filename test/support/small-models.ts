import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder, type Manifest } from '../../src/vision/graphs/graph-builder.js';
import { OnnxBuilder } from '../../src/vision/runtimes/onnx/builder.js';
import { filterOutFirst } from '../../src/vision/runtimes/onnx/layout.js';

/** Side of the input, of a filter and of its step, and how many filters there are. */
const SIDE = 112;
const FILTER = 16;
const FILTERS = 4;

/** Numbers of an embedding: one for each filter at each of 7 × 7 places. */
export const SMALL_DIMENSION = (SIDE / FILTER) ** 2 * FILTERS;

/** A curve under which faces of different people in these tests score low and those of one person high. */
export const SMALL_CALIBRATION = {
  version: 'test-1',
  exponent: 0.2,
  points: [
    [0.2, -0.3],
    [0.5, -1],
    [0.7, -3],
    [0.95, -6],
  ],
} as const;

/** What is said of a small model when it is added. */
export const SMALL_CARD = { licence: { weights: 'CC0-1.0', text: '' } } as const;

/** Filters without a mean, so that they see edges and not the light, from a seed. */
function filters(seed: number): Float32Array {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const numbers = Float32Array.from({ length: FILTER * FILTER * 3 * FILTERS }, random);
  for (let filter = 0; filter < FILTERS; filter++) {
    let sum = 0;
    for (let at = filter; at < numbers.length; at += FILTERS) sum += numbers[at]!;
    const mean = sum / (numbers.length / FILTERS);
    for (let at = filter; at < numbers.length; at += FILTERS) numbers[at] = numbers[at]! - mean;
  }
  return numbers;
}

const SHAPE = [FILTER, FILTER, 3, FILTERS];

/** A TensorFlow.js graph model with its weights in two shards; `weights` are those of its filters. */
export function writeGraphModel(folder: string, seed: number, weights = filters(seed)): string {
  const manifest: Manifest = [
    {
      weights: [
        { name: 'filters', shape: SHAPE, dtype: 'float32' },
        { name: 'bias', shape: [FILTERS], dtype: 'float32' },
      ],
    },
  ];
  const graph = new GraphBuilder(manifest);
  graph.convolution(graph.images(SIDE), ['filters', 'bias'], { stride: FILTER, name: 'embedding' });
  const file = graph.file('a test') as { weightsManifest: { paths: string[] }[] };
  file.weightsManifest[0]!.paths = ['shard1.bin', 'shard2.bin'];
  const bytes = Buffer.concat([Buffer.from(weights.buffer), Buffer.alloc(4 * FILTERS)]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.json'), JSON.stringify(file));
  writeFileSync(join(folder, 'shard1.bin'), bytes.subarray(0, 1000));
  writeFileSync(join(folder, 'shard2.bin'), bytes.subarray(1000));
  return folder;
}

/** The same net as an ONNX file that takes channels first and any batch. */
export function writeOnnxModel(path: string, seed: number): string {
  const onnx = new OnnxBuilder();
  const { data, shape } = filterOutFirst(filters(seed), SHAPE);
  const window = { kernel_shape: [FILTER, FILTER], strides: [FILTER, FILTER] };
  const map = onnx.op('Conv', ['image', onnx.floats(data, shape)], window);
  onnx.op('Flatten', [map], { axis: 1 }, 'embedding');
  const inputs = { image: ['batch', 3, SIDE, SIDE] };
  writeFileSync(path, onnx.model('small', inputs, { embedding: ['batch', SMALL_DIMENSION] }));
  return path;
}
