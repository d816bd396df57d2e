import { convolutionOf } from './convolution.js';
import type { Forward } from './forward.js';
import { fuseGraph, type Graph } from './fuse-graph.js';
import { type GraphFile, type GraphNode, nodeName } from './graph-file.js';
import { type Tensor, type Tensor2D, type Tensor4D, tf } from './tensorflow.js';
import { decodeWeights, type Weight } from './weights.js';

/** Computes the value of a node from its inputs that are not constant. */
type Run = (inputs: Tensor[]) => Tensor;

interface Step {
  name: string;
  inputs: readonly string[];
  run: Run;
  /** Values that no later step needs. */
  ends: string[];
}

const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString();

/** An operation or attribute that is not known here. */
class Unknown extends Error {}

/**
 * A frozen graph as a list of TensorFlow.js operations whose attributes and weights were read once: TensorFlow.js's own
 * executor reads them at every run, which is 4 ms a photo.
 *
 * @returns undefined for a graph with an operation that face nets are not made of.
 */
export function graphForward(
  file: GraphFile,
  weights: Uint8Array,
  outputs: readonly string[],
): Forward | undefined {
  try {
    return stepsForward(new GraphReader(file, weights, outputs.map(nodeName)).plan());
  } catch (error) {
    if (error instanceof Unknown) return undefined;
    throw error;
  }
}

function stepsForward({ steps, input, results }: Plan): Forward {
  return (images) => {
    const values = new Map<string, Tensor>([[input, images]]);
    for (const { name, inputs, run, ends } of steps) {
      values.set(name, run(inputs.map((from) => values.get(from)!)));
      for (const end of ends) {
        values.get(end)!.dispose();
        values.delete(end);
      }
    }
    return results.map((name) => values.get(name)!);
  };
}

interface Plan {
  steps: readonly Step[];
  /** Name of the images. */
  input: string;
  results: readonly string[];
}

class GraphReader {
  readonly #nodes: Graph['nodes'];
  readonly #weights: Graph['weights'];
  readonly #results: readonly string[];

  constructor(file: GraphFile, bytes: Uint8Array, results: readonly string[]) {
    const nodes = new Map(file.modelTopology.node.map((node) => [node.name, node]));
    const weights = decodeWeights(file.weightsManifest, bytes);
    const graph = fuseGraph({ nodes, weights }, new Set(results));
    this.#nodes = graph.nodes;
    this.#weights = graph.weights;
    this.#results = results;
  }

  /** What the results need, in an order in which it can be computed. */
  plan(): Plan {
    const results = this.#results;
    const steps: Step[] = [];
    const seen = new Set<string>();
    let input = '';
    const visit = (name: string): void => {
      if (seen.has(name) || this.#weights.has(name)) return;
      seen.add(name);
      const node = this.#nodes.get(name);
      if (node?.op === 'Placeholder') input = name;
      else if (node) {
        const inputs = (node.input ?? []).map(nodeName).filter((from) => !this.#weights.has(from));
        for (const from of inputs) visit(from);
        steps.push({ name, inputs, run: this.#run(node), ends: [] });
      } else throw new Unknown(`no node ${name}`);
    };
    for (const name of results) visit(name);
    const ended = new Set(results);
    for (const step of steps.toReversed())
      for (const name of step.inputs)
        if (!ended.has(name)) {
          ended.add(name);
          step.ends.push(name);
        }
    return { steps, input, results };
  }

  #run(node: GraphNode): Run {
    const make = OPERATIONS[node.op];
    if (!make) throw new Unknown(`no operation ${node.op}`);
    const weight = (index: number) => this.#weights.get(nodeName(node.input?.[index] ?? ''));
    return make({
      node,
      weight,
      constant: (index) => {
        const found = weight(index);
        if (!found) throw new Unknown(`${node.name}: input ${index} is not constant`);
        return found;
      },
    });
  }
}

interface Reading {
  node: GraphNode;
  /** The weight that is the input of this place; undefined for what is computed. */
  weight: (index: number) => Weight | undefined;
  /** The same of what has to be a weight. */
  constant: (index: number) => Weight;
}

/** Lives as long as the net. */
const kept = ({ data, shape }: Weight): Tensor => tf.keep(tf.tensor(data, [...shape], 'float32'));

const OPERATIONS: Readonly<Record<string, (reading: Reading) => Run>> = {
  _FusedConv2D: convolution,
  Conv2D: convolution,
  FusedDepthwiseConv2dNative: convolution,
  DepthwiseConv2dNative: convolution,
  _FusedMatMul: product,
  MatMul: product,
  Add: ofTwo(tf.add),
  AddV2: ofTwo(tf.add),
  BiasAdd: ofTwo(tf.add),
  Sub: ofTwo(tf.sub),
  Mul: ofTwo(tf.mul),
  Minimum: ofTwo(tf.minimum),
  Maximum: ofTwo(tf.maximum),
  Relu: ofOne(tf.relu),
  Relu6: ofOne(tf.relu6),
  Sigmoid: ofOne(tf.sigmoid),
  Softmax: ofOne(tf.softmax),
  Identity: ofOne(tf.clone),
  Mean: ({ node, constant }) => {
    const axes = [...constant(1).data];
    const keep = node.attr?.['keep_dims']?.b === true;
    return ([x]) => tf.mean(x!, axes, keep);
  },
  Prelu: ({ constant }) => {
    const slope = kept(constant(1));
    return ([x]) => tf.prelu(x!, slope);
  },
  MaxPool: ({ node }) => {
    const { strides, pad } = windowOf(node);
    const size = middle(node, 'ksize');
    return ([x]) => tf.maxPool(x as Tensor4D, size, strides, pad);
  },
  Pad: ({ constant }) => {
    const { data } = constant(1);
    const pairs = Array.from({ length: data.length / 2 }, (_, axis): [number, number] => [
      data[2 * axis]!,
      data[2 * axis + 1]!,
    ]);
    return ([x]) => tf.pad(x!, pairs);
  },
  Reshape: ({ constant }) => {
    const shape = [...constant(1).data];
    return ([x]) => tf.reshape(x!, shape);
  },
};

function ofOne(operate: (x: Tensor) => Tensor): () => Run {
  return () =>
    ([x]) =>
      operate(x!);
}

/** Of two of which one may be constant. */
function ofTwo(operate: (a: Tensor, b: Tensor) => Tensor): (reading: Reading) => Run {
  return ({ weight }) => {
    const [first, second] = [weight(0), weight(1)].map((each) => each && kept(each));
    if (first) return ([x]) => operate(first, x!);
    if (second) return ([x]) => operate(x!, second);
    return ([a, b]) => operate(a!, b!);
  };
}

type Activation = 'linear' | 'relu' | 'relu6' | 'prelu';
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  Relu: 'relu',
  Relu6: 'relu6',
  Prelu: 'prelu',
};

/** Bias and activation that are fused into an operation; its inputs from the third on. */
function fusedInto({ node, constant }: Reading) {
  const [first, second = '', ...more] = (node.attr?.['fused_ops']?.list?.s ?? []).map(text);
  const activation = second === '' ? 'linear' : ACTIVATIONS[second];
  if ((first ?? 'BiasAdd') !== 'BiasAdd' || !activation || more.length > 0)
    throw new Unknown(`${node.name}: ${first}, ${second}`);
  return {
    activation,
    ...(first === 'BiasAdd' && { bias: kept(constant(2)) }),
    ...(activation === 'prelu' && { preluActivationWeights: kept(constant(3)) }),
  };
}

function convolution(reading: Reading): Run {
  const { node, constant } = reading;
  const run = convolutionOf(node.op.includes('Depthwise') ? 'depthwise' : 'full', {
    filter: kept(constant(1)) as Tensor4D,
    ...windowOf(node),
    ...fusedInto(reading),
  });
  return ([x]) => run(x as Tensor4D);
}

function product(reading: Reading): Run {
  const { node, constant } = reading;
  const fixed = {
    b: kept(constant(1)) as Tensor2D,
    transposeA: node.attr?.['transpose_a']?.b === true,
    transposeB: node.attr?.['transpose_b']?.b === true,
    ...fusedInto(reading),
  };
  return ([a]) => tf.fused.matMul({ a: a as Tensor2D, ...fixed });
}

/** Strides and padding. */
function windowOf(node: GraphNode): { strides: [number, number]; pad: 'same' | 'valid' } {
  const { padding, data_format: format, dilations } = node.attr ?? {};
  const pad = text(padding?.s).toLowerCase();
  const isDilated = (dilations?.list?.i ?? []).some((side) => Number(side) !== 1);
  if ((pad !== 'same' && pad !== 'valid') || isDilated || (format && text(format.s) !== 'NHWC'))
    throw new Unknown(`${node.name}: padding, dilation or layout`);
  return { strides: middle(node, 'strides'), pad };
}

/** Height and width of a list for batch, height, width, channels. */
function middle(node: GraphNode, attribute: string): [number, number] {
  const [, height, width] = node.attr?.[attribute]?.list?.i ?? [];
  return [Number(height), Number(width)];
}
