import { bytes, type Field, float, integer, message } from './protobuf.js';

/** Field numbers and constants of onnx.proto (github.com/onnx/onnx), so much of it as is written here. */
const MODEL = { irVersion: 1, producer: 2, graph: 7, opsetImport: 8 } as const;
const OPSET = { domain: 1, version: 2 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, f: 2, i: 3, s: 4, ints: 8, type: 20 } as const;
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, ints: 7 } as const;
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 } as const;
const TENSOR_TYPE = { float: 1, int64: 7 } as const;
const VALUE = { name: 1, type: 2 } as const;
const TYPE = { tensor: 1 } as const;
const TENSOR_SHAPE = { elementType: 1, shape: 2 } as const;
const SHAPE = { dim: 1 } as const;
const DIMENSION = { value: 1, parameter: 2 } as const;

const IR_VERSION = 8;
const OPSET_VERSION = 13;

/** An attribute of an operation: a whole number, whole numbers, a text, or `{ float }`. */
export type Attribute = number | string | readonly number[] | { float: number };

/** The sides of an input or output; a text names a free side; undefined: whatever results. */
export type Shape = readonly (number | string)[] | undefined;

/** Writes an ONNX model, operation by operation; each returns the name of its result. */
export class OnnxBuilder {
  readonly #nodes: Field[] = [];
  readonly #initializers: Field[] = [];
  #names = 0;

  op(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    output = this.#name(type),
  ): string {
    const node = message(
      inputs.map((input) => bytes(NODE.input, input)),
      bytes(NODE.output, output),
      bytes(NODE.name, output),
      bytes(NODE.opType, type),
      Object.entries(attributes).map(([name, value]) =>
        bytes(NODE.attribute, attribute(name, value)),
      ),
    );
    this.#nodes.push(bytes(GRAPH.node, node));
    return output;
  }

  floats(data: Float32Array | readonly number[], shape: readonly number[]): string {
    const raw = Float32Array.from(data);
    return this.#tensor(TENSOR_TYPE.float, raw, shape);
  }

  integers(data: readonly number[]): string {
    return this.#tensor(TENSOR_TYPE.int64, BigInt64Array.from(data.map(BigInt)), [data.length]);
  }

  /** The whole model. */
  model(
    graphName: string,
    inputs: Readonly<Record<string, Shape>>,
    outputs: Readonly<Record<string, Shape>>,
  ): Uint8Array {
    const values = (field: number, all: Readonly<Record<string, Shape>>): Field[] =>
      Object.entries(all).map(([name, shape]) => bytes(field, valueInfo(name, shape)));
    const graph = message(
      this.#nodes,
      bytes(GRAPH.name, graphName),
      this.#initializers,
      values(GRAPH.input, inputs),
      values(GRAPH.output, outputs),
    );
    const opset = message(bytes(OPSET.domain, ''), integer(OPSET.version, OPSET_VERSION));
    return message(
      integer(MODEL.irVersion, IR_VERSION),
      bytes(MODEL.producer, 'likeness'),
      bytes(MODEL.graph, graph),
      bytes(MODEL.opsetImport, opset),
    );
  }

  #tensor(type: number, data: Float32Array | BigInt64Array, shape: readonly number[]): string {
    const name = this.#name('constant');
    const tensor = message(
      shape.map((side) => integer(TENSOR.dims, side)),
      integer(TENSOR.dataType, type),
      bytes(TENSOR.name, name),
      bytes(TENSOR.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    );
    this.#initializers.push(bytes(GRAPH.initializer, tensor));
    return name;
  }

  #name(prefix: string): string {
    return `${prefix}_${this.#names++}`;
  }
}

function attribute(name: string, value: Attribute): Uint8Array {
  const named = bytes(ATTRIBUTE.name, name);
  const typed = (type: number, ...fields: Field[]): Uint8Array =>
    message(named, fields, integer(ATTRIBUTE.type, type));
  if (typeof value === 'number') return typed(ATTRIBUTE_TYPE.int, integer(ATTRIBUTE.i, value));
  if (typeof value === 'string') return typed(ATTRIBUTE_TYPE.string, bytes(ATTRIBUTE.s, value));
  if ('float' in value) return typed(ATTRIBUTE_TYPE.float, float(ATTRIBUTE.f, value.float));
  return typed(ATTRIBUTE_TYPE.ints, ...value.map((item) => integer(ATTRIBUTE.ints, item)));
}

function valueInfo(name: string, shape: Shape): Uint8Array {
  const dimensions = shape?.map((side) =>
    bytes(
      SHAPE.dim,
      typeof side === 'string' ? bytes(DIMENSION.parameter, side) : integer(DIMENSION.value, side),
    ),
  );
  const tensor = message(
    integer(TENSOR_SHAPE.elementType, TENSOR_TYPE.float),
    dimensions ? [bytes(TENSOR_SHAPE.shape, message(dimensions))] : [],
  );
  return message(bytes(VALUE.name, name), bytes(VALUE.type, bytes(TYPE.tensor, tensor)));
}
