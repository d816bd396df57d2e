import { type GraphNode, nodeName } from './graph-file.js';
import type { Weight } from './weights.js';

/** Operations by name, and the constants among their inputs. */
export interface Graph {
  nodes: ReadonlyMap<string, GraphNode>;
  weights: ReadonlyMap<string, Weight>;
}

/** Convolutions, and the operation that is a convolution with what is fused into it. */
const FUSED: Readonly<Record<string, string>> = {
  Conv2D: '_FusedConv2D',
  _FusedConv2D: '_FusedConv2D',
  DepthwiseConv2dNative: 'FusedDepthwiseConv2dNative',
  FusedDepthwiseConv2dNative: 'FusedDepthwiseConv2dNative',
};

const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
const base64 = (name: string): string => Buffer.from(name).toString('base64');

/** What follows a convolution, one number a channel of its output: clamp(scale · x + bias), or Prelu of the sum. */
interface Tail {
  scale: Float64Array;
  bias: Float64Array;
  /** From where to where the result is cut. */
  range: readonly [from: number, to: number];
  /** Name of the slopes below zero. */
  slopes?: string;
}

/**
 * A graph in which convolutions do what followed them: products with and sums of constants go into filter and bias, cuts
 * become the activation. That is a normalisation over the batch with its ReLU or ReLU6, as nets are trained, where the
 * converter left it as up to five operations, each of which writes the whole map. Filters are multiplied in double.
 *
 * @param results names whose values are asked for, and so have to stay.
 */
export function fuseGraph(graph: Graph, results: ReadonlySet<string>): Graph {
  const users = usersOf(graph.nodes);
  const next = (name: string): GraphNode | undefined => {
    const [only, ...others] = users.get(name) ?? [];
    return others.length === 0 && !results.has(name) ? only : undefined;
  };
  const nodes = new Map(graph.nodes);
  const weights = new Map(graph.weights);
  for (const head of graph.nodes.values()) {
    const found = longestTail(head, next, graph.weights);
    if (!found) continue;
    // What lies between is not reached any more.
    const { node, filter, bias } = fused(head, found, graph.weights);
    nodes.set(node.name, node);
    weights.set(node.input![1]!, filter);
    weights.set(node.input![2]!, bias);
  }
  return { nodes, weights };
}

/** Who reads a value, once for each time. */
function usersOf(nodes: Graph['nodes']): Map<string, GraphNode[]> {
  const users = new Map<string, GraphNode[]>();
  for (const node of nodes.values())
    for (const input of node.input ?? []) {
      const name = nodeName(input);
      const others = users.get(name);
      if (others) others.push(node);
      else users.set(name, [node]);
    }
  return users;
}

interface Found {
  tail: Tail;
  last: GraphNode;
}

/** All that follows a convolution and can be done by it; undefined: nothing. */
function longestTail(
  head: GraphNode,
  next: (name: string) => GraphNode | undefined,
  weights: Graph['weights'],
): Found | undefined {
  let tail = tailOf(head, weights);
  let found: Found | undefined;
  for (let node = next(head.name); tail && node; node = next(node.name)) {
    tail = longer(tail, node, weights);
    // Some have to be followed by another to be one that there is, such as a minimum by a maximum.
    if (tail && activationOf(tail) !== undefined) found = { tail, last: node };
  }
  return found;
}

/** What a convolution does already; undefined for what is no convolution with a constant filter, or ends with Prelu. */
function tailOf({ op, input, attr }: GraphNode, weights: Graph['weights']): Tail | undefined {
  const filter = weights.get(nodeName(input?.[1] ?? ''));
  if (!Object.hasOwn(FUSED, op) || filter?.shape.length !== 4) return undefined;
  const [, , first, second] = filter.shape as [number, number, number, number];
  const channels = op.includes('Depthwise') ? first * second : second;
  const [sum, cut = '', ...more] = (attr?.['fused_ops']?.list?.s ?? []).map(text);
  const range = cut === '' ? WHOLE : CUTS[cut];
  const start = { scale: new Float64Array(channels).fill(1), bias: new Float64Array(channels) };
  if (!range || more.length > 0) return undefined;
  if (sum === undefined) return { ...start, range };
  const bias = sum === 'BiasAdd' ? weights.get(nodeName(input?.[2] ?? '')) : undefined;
  return bias && { ...start, bias: Float64Array.from(bias.data), range };
}

const WHOLE = [-Infinity, Infinity] as const;
const CUTS: Readonly<Record<string, Tail['range']>> = {
  Relu: [0, Infinity],
  Relu6: [0, 6],
};

/** The activation that cuts to a range; undefined where there is none. */
function activationOf({ range: [from, to], slopes }: Tail): string | undefined {
  if (slopes !== undefined) return 'Prelu';
  if (from === -Infinity && to === Infinity) return '';
  return Object.keys(CUTS).find((name) => CUTS[name]![0] === from && CUTS[name]![1] === to);
}

/** A tail with one operation more; undefined for one that it cannot take in. */
function longer(tail: Tail, node: GraphNode, weights: Graph['weights']): Tail | undefined {
  if (tail.slopes !== undefined) return undefined;
  const cut = CUTS[node.op];
  if (cut) return { ...tail, range: cutTo(tail.range, cut) };
  const names = (node.input ?? []).map(nodeName);
  const place = names.findIndex((name) => weights.has(name));
  const constant = weights.get(names[place] ?? '');
  const by = constant && names.length === 2 && perChannel(constant, tail.bias.length);
  if (!by) return undefined;
  if (node.op === 'Minimum' || node.op === 'Maximum') {
    const [edge] = by;
    if (by.some((each) => each !== edge)) return undefined;
    const open =
      node.op === 'Minimum' ? ([-Infinity, edge!] as const) : ([edge!, Infinity] as const);
    return { ...tail, range: cutTo(tail.range, open) };
  }
  if (tail.range[0] !== -Infinity || tail.range[1] !== Infinity) return undefined;
  if (node.op === 'Prelu') {
    // What TensorFlow.js takes as the slopes of a fused Prelu.
    const isTaken = constant.shape.length === 1 || constant.shape.length === 3;
    const takes = place === 1 && isTaken && constant.data.length === by.length;
    return takes ? { ...tail, slopes: names[1]! } : undefined;
  }
  return LINEAR[node.op]?.(tail, by, place);
}

/** What is cut to one range and then to another. */
const cutTo = ([from, to]: Tail['range'], [low, high]: Tail['range']): Tail['range'] => [
  Math.min(Math.max(from, low), high),
  Math.min(Math.max(to, low), high),
];

type Linear = (tail: Tail, by: Float64Array, place: number) => Tail | undefined;

const sum: Linear = (tail, by) => ({ ...tail, bias: tail.bias.map((each, at) => each + by[at]!) });

/** `place` is that of the constant among the two inputs. */
const LINEAR: Readonly<Record<string, Linear>> = {
  Add: sum,
  AddV2: sum,
  BiasAdd: sum,
  Sub: (tail, by, place) =>
    place === 1
      ? sum(
          tail,
          by.map((each) => -each),
          place,
        )
      : undefined,
  Mul: (tail, by) => ({
    ...tail,
    scale: tail.scale.map((each, at) => each * by[at]!),
    bias: tail.bias.map((each, at) => each * by[at]!),
  }),
};

/** One number a channel; undefined for a constant that differs along another side. */
function perChannel({ data, shape }: Weight, channels: number): Float64Array | undefined {
  if (shape.length > 4) return undefined;
  if (data.length === 1) return new Float64Array(channels).fill(data[0]!);
  return data.length === channels && shape.at(-1) === channels
    ? Float64Array.from(data)
    : undefined;
}

/** A convolution that does its tail, under the name of the last operation of it. */
function fused(
  head: GraphNode,
  { tail: { scale, bias, ...tail }, last }: Found,
  weights: Graph['weights'],
): { node: GraphNode; filter: Weight; bias: Weight } {
  const [image = '', filterName = ''] = head.input ?? [];
  const filter = weights.get(nodeName(filterName))!;
  // In a filter, depthwise or not, the channels of the output lie side by side.
  const data = Float32Array.from(filter.data, (each, at) => each * scale[at % scale.length]!);
  const activation = activationOf({ scale, bias, ...tail })!;
  const names = ['BiasAdd', ...(activation === '' ? [] : [activation])];
  const { name } = last;
  return {
    node: {
      name,
      op: FUSED[head.op]!,
      input: [
        image,
        `${name}/filter_of_all`,
        `${name}/bias_of_all`,
        ...(tail.slopes === undefined ? [] : [tail.slopes]),
      ],
      attr: { ...head.attr, fused_ops: { list: { s: names.map(base64) } } },
    },
    filter: { data, shape: filter.shape },
    bias: { data: Float32Array.from(bias), shape: [bias.length] },
  };
}
