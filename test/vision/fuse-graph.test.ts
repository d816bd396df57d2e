import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { fuseGraph } from '../../src/vision/runtimes/fuse-graph.js';
import type { GraphFile, GraphNode } from '../../src/vision/runtimes/graph-file.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import { decodeWeights } from '../../src/vision/runtimes/weights.js';
import { deviation, type ReadGraph } from './executors.js';

beforeAll(async () => {
  await startRuntime('tfjs-wasm');
});

const SIDE = 6;
const DEPTH = 3;
/** Channels of what a convolution here gives, depthwise or not. */
const CHANNELS = 6;
const PER_CHANNEL = [CHANNELS];

/** An operation with a constant, or without one; `first`: the constant is its first input. */
interface Step {
  op: string;
  shape?: readonly number[];
  value?: number;
  first?: boolean;
}

type Head = 'Conv2D' | 'DepthwiseConv2dNative' | '_FusedConv2D';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const sizeOf = (shape: readonly number[]): number => shape.reduce((size, side) => size * side, 1);

/** Small, of both signs, and another for every place of every weight. */
const numbersOf = (shape: readonly number[], seed: number): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, (_, at) => 2 * Math.sin((at + 1) * (seed + 1.7)));

/** Writes a graph by its operations. */
class Written {
  readonly nodes: GraphNode[] = [
    {
      name: 'image',
      op: 'Placeholder',
      attr: {
        shape: {
          shape: { dim: [-1, SIDE, SIDE, DEPTH].map((size) => ({ size: String(size) })) },
        },
      },
    },
  ];
  readonly #weights: { name: string; shape: readonly number[]; data: Float32Array }[] = [];

  weight(shape: readonly number[], value?: number): string {
    const name = `weight${this.#weights.length}`;
    const data = numbersOf(shape, this.#weights.length);
    this.#weights.push({ name, shape, data: value === undefined ? data : data.fill(value) });
    this.nodes.push({ name, op: 'Const', attr: {} });
    return name;
  }

  node(op: string, input: string[], attr: object = {}): string {
    const name = `${op}${this.nodes.length}`;
    this.nodes.push({ name, op, input, attr: attr as NonNullable<GraphNode['attr']> });
    return name;
  }

  /** A convolution of stride 2; what is fused has its bias. */
  head(op: Head, fusedOps: readonly string[] = []): string {
    const shape = op === 'DepthwiseConv2dNative' ? [3, 3, DEPTH, 2] : [3, 3, DEPTH, CHANNELS];
    const input = [
      'image',
      this.weight(shape),
      ...fusedOps.slice(0, 1).map(() => this.weight([6])),
    ];
    return this.node(op, input, {
      strides: { list: { i: [1, 2, 2, 1] } },
      padding: { s: base64('SAME') },
      data_format: { s: base64('NHWC') },
      dilations: { list: { i: [1, 1, 1, 1] } },
      ...(op === '_FusedConv2D' && {
        fused_ops: { list: { s: fusedOps.map(base64) } },
        num_args: { i: '1' },
      }),
    });
  }

  /** Operations one behind the other. */
  tail(from: string, steps: readonly Step[]): string {
    return steps.reduce((before, { op, shape, value, first = false }) => {
      const constant = shape === undefined ? [] : [this.weight(shape, value)];
      return this.node(op, first ? [...constant, before] : [before, ...constant]);
    }, from);
  }

  file(): ReadGraph {
    const weights = this.#weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
    const modelTopology = { node: this.nodes, versions: { producer: 1 } };
    const file: GraphFile = {
      modelTopology,
      format: 'graph-model',
      generatedBy: 'a test',
      convertedBy: 'a test',
      weightsManifest: [{ weights }],
    };
    const bytes = Buffer.concat(this.#weights.map(({ data }) => Buffer.from(data.buffer)));
    return { file, weights: new Uint8Array(bytes) };
  }
}

/** The operations that are left, from the image on. */
function leftOf(graph: ReadGraph, results: string[]): string[] {
  const { nodes, weights } = fuseGraph(
    {
      nodes: new Map(graph.file.modelTopology.node.map((node) => [node.name, node])),
      weights: decodeWeights(graph.file.weightsManifest, graph.weights),
    },
    new Set(results),
  );
  const left = new Set<string>();
  const visit = (name: string): void => {
    if (weights.has(name) || left.has(name) || name === 'image') return;
    for (const input of nodes.get(name)!.input ?? []) visit(input);
    left.add(name);
  };
  for (const name of results) visit(name);
  return [...left].map((name) => nodes.get(name)!.op);
}

const SHAPE = [2, SIDE, SIDE, DEPTH] as const;
const off = (graph: ReadGraph, results: string[]): Promise<number> =>
  deviation(graph, results, tf.tensor4d(numbersOf(SHAPE, 3), [...SHAPE]));

const NORMALISED: readonly Step[] = [
  { op: 'Mul', shape: PER_CHANNEL },
  { op: 'Add', shape: PER_CHANNEL },
];
const RELU6: readonly Step[] = [
  { op: 'Relu' },
  { op: 'Minimum', shape: [], value: 6 },
  { op: 'Maximum', shape: [], value: 0 },
];

describe('what follows a convolution', () => {
  it.each<[string, Head, readonly Step[], string[]]>([
    ['normalised and cut to 6', 'Conv2D', [...NORMALISED, ...RELU6], ['_FusedConv2D']],
    [
      'the same, depthwise',
      'DepthwiseConv2dNative',
      [...NORMALISED, ...RELU6],
      ['FusedDepthwiseConv2dNative'],
    ],
    [
      'less a constant, times one number, and slopes',
      'DepthwiseConv2dNative',
      [
        { op: 'Sub', shape: [1, 1, 1, CHANNELS] },
        { op: 'Mul', shape: [], value: -1.5 },
        { op: 'Prelu', shape: [1, 1, CHANNELS] },
      ],
      ['FusedDepthwiseConv2dNative'],
    ],
    [
      'a bias',
      'Conv2D',
      [{ op: 'BiasAdd', shape: PER_CHANNEL }, { op: 'Relu6' }],
      ['_FusedConv2D'],
    ],
    [
      'slopes with a side for the batch',
      'Conv2D',
      [{ op: 'Prelu', shape: [1, 1, 1, CHANNELS] }],
      ['Conv2D', 'Prelu'],
    ],
    ['a cut from both sides', 'Conv2D', RELU6.slice(1), ['_FusedConv2D']],
    ['a cut with no name', 'Conv2D', RELU6.slice(1, 2), ['Conv2D', 'Minimum']],
    [
      'a sum after the cut',
      'Conv2D',
      [{ op: 'Relu' }, ...NORMALISED],
      ['_FusedConv2D', 'Mul', 'Add'],
    ],
    [
      'a constant less it',
      'Conv2D',
      [{ op: 'Sub', shape: PER_CHANNEL, first: true }],
      ['Conv2D', 'Sub'],
    ],
    [
      'another number for every row',
      'Conv2D',
      [{ op: 'Add', shape: [3, 1, 1] }],
      ['Conv2D', 'Add'],
    ],
  ])('is folded into it where that is the same: %s', async (_, head, steps, left) => {
    const graph = new Written();
    const result = graph.tail(graph.head(head), steps);
    const file = graph.file();
    expect(leftOf(file, [result])).toEqual(left);
    expect(await off(file, [result])).toBeLessThan(1e-4);
  });

  it('joins what was fused already', async () => {
    const graph = new Written();
    const result = graph.tail(graph.head('_FusedConv2D', ['BiasAdd']), [...NORMALISED, ...RELU6]);
    const cut = graph.tail(graph.head('_FusedConv2D', ['BiasAdd', 'Relu']), RELU6);
    const file = graph.file();
    expect(leftOf(file, [result, cut])).toEqual(['_FusedConv2D', '_FusedConv2D']);
    expect(await off(file, [result, cut])).toBeLessThan(1e-4);
  });

  it('stays where its input is needed as well', async () => {
    const graph = new Written();
    const map = graph.head('Conv2D');
    const cut = graph.tail(map, [{ op: 'Relu' }]);
    const both = graph.node('AddV2', [map, cut]);
    const normalised = graph.tail(graph.head('Conv2D'), NORMALISED);
    const last = graph.tail(normalised, [{ op: 'Relu' }]);
    const file = graph.file();
    expect(leftOf(file, [both])).toEqual(['Conv2D', 'Relu', 'AddV2']);
    expect(leftOf(file, [normalised, last])).toEqual(['_FusedConv2D', 'Relu']);
    expect(await off(file, [both, normalised, last])).toBeLessThan(1e-4);
  });
});
