import { OperatorError } from '../../../errors.js';
import { type GraphFile, type GraphNode, nodeName } from '../graph-file.js';
import { decodeWeights, type Weight } from '../weights.js';
import type { OnnxBuilder } from './builder.js';
import { CHANNELS_LAST, filterGrouped, filterOutFirst } from './layout.js';

/** A value of the graph; images lie channels first inside ONNX, everything else as in TensorFlow. */
interface Value {
  name: string;
  channelsFirst: boolean;
}

const BINARY: Readonly<Record<string, string>> = {
  Add: 'Add',
  AddV2: 'Add',
  Sub: 'Sub',
  Mul: 'Mul',
  Minimum: 'Min',
  Maximum: 'Max',
};
const UNARY: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Relu: 'Relu',
  Sigmoid: 'Sigmoid',
  Identity: 'Identity',
};
const CONVOLUTIONS = new Set([
  'Conv2D',
  '_FusedConv2D',
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2dNative',
]);

const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString();

const kept = ({ attr }: GraphNode) => ({ keepdims: attr?.['keep_dims']?.b ? 1 : 0 });

const isTransposed = ({ attr }: GraphNode): boolean =>
  attr?.['transpose_a']?.b === true || attr?.['transpose_b']?.b === true;

/** A frozen TensorFlow graph as ONNX operations, for the operations that face nets are made of. */
export class TensorflowGraph {
  readonly #onnx: OnnxBuilder;
  readonly #weights: Map<string, Weight>;
  readonly #nodes: Map<string, GraphNode>;
  readonly #values = new Map<string, Value>();

  constructor(onnx: OnnxBuilder, file: GraphFile, weights: Uint8Array) {
    this.#onnx = onnx;
    this.#weights = decodeWeights(file.weightsManifest, weights);
    this.#nodes = new Map(file.modelTopology.node.map((node) => [node.name, node]));
  }

  /**
   * Adds what the outputs need.
   *
   * @param input name of the preprocessed channels-first images.
   * @returns names of the outputs, laid out as TensorFlow has them.
   * @throws OperatorError for an operation that is not known here.
   */
  add(input: string, outputs: readonly string[]): string[] {
    const needed = this.#needed(outputs);
    for (const node of this.#nodes.values()) {
      if (node.op === 'Const' || !needed.has(node.name)) continue;
      const value =
        node.op === 'Placeholder' ? { name: input, channelsFirst: true } : this.#translate(node);
      this.#values.set(node.name, value);
    }
    return outputs.map((output) => this.#asTensorflow(this.#value(nodeName(output))));
  }

  /** Names of the nodes that lead to these: a net may have outputs that nobody asks for. */
  #needed(outputs: readonly string[]): Set<string> {
    const needed = new Set<string>();
    const open = outputs.map(nodeName);
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (needed.has(name)) continue;
      needed.add(name);
      open.push(...(this.#nodes.get(name)?.input ?? []).map(nodeName));
    }
    return needed;
  }

  #translate(node: GraphNode): Value {
    const { op } = node;
    if (CONVOLUTIONS.has(op)) return this.#convolution(node);
    if (BINARY[op]) return this.#binary(node, BINARY[op]);
    if (UNARY[op]) return this.#unary(node, UNARY[op]);
    if (op === 'Prelu') {
      const name = this.#prelu(this.#input(node, 0).name, this.#constant(node, 1));
      return { name, channelsFirst: true };
    }
    if (op === 'MaxPool') return this.#maxPool(node);
    if (op === 'Pad' || op === 'PadV2') return this.#pad(node);
    const flat = this.#flat(node);
    if (flat !== undefined) return { name: flat, channelsFirst: false };
    throw new OperatorError(
      `the graph has the operation ${op} (${node.name}), which the ONNX exporter does not know`,
    );
  }

  /** What leaves the images behind: it is computed as TensorFlow lays it out. Undefined: not of this kind. */
  #flat(node: GraphNode): string | undefined {
    const { op } = node;
    const whole = (): string => this.#asTensorflow(this.#input(node, 0));
    if (op === 'Reshape') return this.#onnx.op('Reshape', [whole(), this.#axes(node)]);
    if (op === 'Squeeze') {
      const axes = (node.attr?.['squeeze_dims']?.list?.i ?? []).map(Number);
      return this.#onnx.op('Squeeze', [whole(), this.#onnx.integers(axes)]);
    }
    if (op === 'Sum') return this.#onnx.op('ReduceSum', [whole(), this.#axes(node)], kept(node));
    if (op === 'Mean')
      return this.#onnx.op('ReduceMean', [whole()], {
        axes: [...this.#constant(node, 1).data],
        ...kept(node),
      });
    if (op === 'MatMul' && !isTransposed(node))
      return this.#onnx.op('MatMul', [whole(), this.#floats(this.#constant(node, 1))]);
    if (op === 'Square') {
      const squared = whole();
      return this.#onnx.op('Mul', [squared, squared]);
    }
    if (op === 'Rsqrt') return this.#onnx.op('Reciprocal', [this.#onnx.op('Sqrt', [whole()])]);
    return undefined;
  }

  /** Sides or axes that are a constant of the graph. */
  #axes(node: GraphNode): string {
    return this.#onnx.integers([...this.#constant(node, 1).data]);
  }

  #convolution(node: GraphNode): Value {
    const depthwise = node.op.includes('Depthwise');
    const filter = this.#constant(node, 1);
    const { data, shape } = (depthwise ? filterGrouped : filterOutFirst)(
      filter.data as Float32Array,
      filter.shape,
    );
    const fused = (node.attr?.['fused_ops']?.list?.s ?? []).map(text);
    const inputs = [this.#input(node, 0).name, this.#onnx.floats(data, shape)];
    if (fused[0] === 'BiasAdd') inputs.push(this.#floats(this.#constant(node, 2)));
    let name = this.#onnx.op('Conv', inputs, {
      ...this.#window(node, [shape[2]!, shape[3]!]),
      ...(depthwise && { group: filter.shape[2]! }),
    });
    for (const activation of fused.filter((step) => step !== 'BiasAdd'))
      if (activation === 'Relu') name = this.#onnx.op('Relu', [name]);
      else if (activation === 'Prelu') name = this.#prelu(name, this.#constant(node, 3));
      else
        throw new OperatorError(
          `the graph has the activation ${activation} (${node.name}), which the ONNX exporter does not know`,
        );
    return { name, channelsFirst: true };
  }

  #binary(node: GraphNode, type: string): Value {
    const operands = [0, 1].map((index) => this.#values.get(nodeName(node.input![index]!)));
    const channelsFirst = operands.some((operand) => operand?.channelsFirst);
    const names = operands.map(
      (operand, index) =>
        operand?.name ?? this.#perChannel(this.#constant(node, index), channelsFirst),
    );
    return { name: this.#onnx.op(type, names), channelsFirst };
  }

  #unary(node: GraphNode, type: string): Value {
    const { name, channelsFirst } = this.#input(node, 0);
    return { name: this.#onnx.op(type, [name]), channelsFirst };
  }

  #maxPool(node: GraphNode): Value {
    const [height, width] = this.#middle(node, 'ksize');
    const { name } = this.#input(node, 0);
    return {
      name: this.#onnx.op('MaxPool', [name], this.#window(node, [height, width])),
      channelsFirst: true,
    };
  }

  #pad(node: GraphNode): Value {
    const pairs = this.#constant(node, 1).data;
    // Batch, channels, height, width; first what comes before, then what comes after.
    const order = [0, 3, 1, 2];
    const pads = [0, 1].flatMap((side) => order.map((axis) => pairs[2 * axis + side]!));
    const { name } = this.#input(node, 0);
    return {
      name: this.#onnx.op('Pad', [name, this.#onnx.integers(pads)], { mode: 'constant' }),
      channelsFirst: true,
    };
  }

  #prelu(name: string, slope: Weight): string {
    const { data } = slope as { data: Float32Array };
    return this.#onnx.op('PRelu', [name, this.#onnx.floats(data, [data.length, 1, 1])]);
  }

  /** Kernel, strides and padding; TensorFlow's SAME puts the odd pixel behind, as SAME_UPPER does. */
  #window(node: GraphNode, kernel: readonly [number, number]) {
    const same = text(node.attr?.['padding']?.s) === 'SAME';
    return {
      kernel_shape: kernel,
      strides: this.#middle(node, 'strides'),
      auto_pad: same ? 'SAME_UPPER' : 'VALID',
    };
  }

  /** Height and width of a list for batch, height, width, channels. */
  #middle(node: GraphNode, attribute: string): [number, number] {
    const [, height, width] = node.attr?.[attribute]?.list?.i ?? [];
    return [Number(height), Number(width)];
  }

  #perChannel(weight: Weight, channelsFirst: boolean): string {
    const { data, shape } = weight;
    if (!channelsFirst) return this.#floats(weight);
    if (shape.slice(0, -1).some((side) => side !== 1))
      throw new OperatorError(`a constant of shape ${shape.join(' × ')} is not one a channel`);
    return this.#onnx.floats(data as Float32Array, [1, data.length, 1, 1]);
  }

  #floats({ data, shape }: Weight): string {
    return this.#onnx.floats(data as Float32Array, shape);
  }

  #asTensorflow({ name, channelsFirst }: Value): string {
    return channelsFirst ? this.#onnx.op('Transpose', [name], CHANNELS_LAST) : name;
  }

  #input(node: GraphNode, index: number): Value {
    return this.#value(nodeName(node.input?.[index] ?? ''));
  }

  #value(name: string): Value {
    const value = this.#values.get(name);
    if (!value) throw new OperatorError(`the graph has no value ${name}`);
    return value;
  }

  #constant(node: GraphNode, index: number): Weight {
    const name = nodeName(node.input?.[index] ?? '');
    const weight = this.#weights.get(name);
    if (!weight) throw new OperatorError(`the graph has no constant ${name}`);
    return weight;
  }
}
