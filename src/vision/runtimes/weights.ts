import { OperatorError } from '../../errors.js';

/** A weight as TensorFlow.js manifests describe it. */
export interface WeightSpec {
  name: string;
  shape: readonly number[];
  dtype: string;
  quantization?: { dtype: string; scale?: number; min?: number };
}

/** The weights manifest of a TF.js model: groups of specs whose numbers follow one another in the file. */
export type WeightsManifest = readonly { weights: readonly WeightSpec[] }[];

/** A weight ready to use. Shapes are TensorFlow's: filters are height × width × in × out. */
export interface Weight {
  shape: readonly number[];
  data: Float32Array | Int32Array;
}

/** Bytes a number by the type it is stored in. */
const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  float16: 2,
  uint16: 2,
  uint8: 1,
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, side) => size * side, 1);

/** How a weight lies in the file. */
export interface StoredWeight extends WeightSpec {
  storedAs: string;
  count: number;
  /** Where its bytes are. */
  offset: number;
  end: number;
}

/**
 * Where each weight of a manifest lies in its file.
 *
 * @throws OperatorError for a type nobody here knows, or when the file is shorter or longer than its manifest says.
 */
export function layout(manifest: WeightsManifest, length: number): StoredWeight[] {
  let end = 0;
  const weights = manifest
    .flatMap((group) => group.weights)
    .map((spec): StoredWeight => {
      const storedAs = spec.quantization?.dtype ?? spec.dtype;
      const bytes = BYTES[storedAs];
      if (bytes === undefined)
        throw new OperatorError(`weight ${spec.name} is stored as ${storedAs}, which is unknown`);
      const offset = end;
      const count = sizeOf(spec.shape);
      end += count * bytes;
      return { ...spec, storedAs, count, offset, end };
    });
  if (end !== length)
    throw new OperatorError(`the weights have ${length} bytes, their manifest says ${end}`);
  return weights;
}

/** All weights of a manifest, dequantised. See `layout` for the errors. */
export const decodeWeights = (manifest: WeightsManifest, bytes: Uint8Array): Map<string, Weight> =>
  new Map(
    layout(manifest, bytes.length).map((stored) => [stored.name, decodeWeight(stored, bytes)]),
  );

/**
 * One of the weights whose file these bytes are, dequantised.
 *
 * @param memory where the numbers of what is stored as bytes are put; they are its first ones then.
 */
export const decodeWeight = (
  stored: StoredWeight,
  bytes: Uint8Array,
  memory: Float32Array = new Float32Array(stored.storedAs === 'uint8' ? stored.count : 0),
): Weight => ({
  shape: stored.shape,
  data: numbersOf(stored, bytes.subarray(stored.offset, stored.end), memory),
});

function numbersOf(
  { storedAs, count, quantization }: StoredWeight,
  bytes: Uint8Array,
  memory: Float32Array,
): Weight['data'] {
  const { scale = 1, min = 0 } = quantization ?? {};
  if (storedAs === 'uint8') return putNumbersOfCodes(bytes, { scale, min }, memory);
  // A copy, which also aligns it. (`slice` of a Node buffer is none.)
  const { buffer } = new Uint8Array(bytes);
  if (storedAs === 'int32') return new Int32Array(buffer);
  if (storedAs === 'float32') return new Float32Array(buffer);
  if (storedAs === 'float16') return floatsOfHalves(new Uint16Array(buffer));
  const codes = new Uint16Array(buffer);
  const data = new Float32Array(count);
  for (let index = 0; index < count; index++) data[index] = codes[index]! * scale + min;
  return data;
}

/** Millions of codes of a byte, at every start: each of the 256 numbers there can be is made once. */
function putNumbersOfCodes(
  codes: Uint8Array,
  { scale, min }: { scale: number; min: number },
  memory: Float32Array,
): Float32Array {
  const numbers = Float32Array.from({ length: 256 }, (_, code) => code * scale + min);
  const data = memory.subarray(0, codes.length);
  for (let index = 0; index < codes.length; index++) data[index] = numbers[codes[index]!]!;
  return data;
}

/** Millions of these, too: a normal number only moves its bits and changes the bias of its exponent. */
function floatsOfHalves(halves: Uint16Array): Float32Array {
  const numbers = new Float32Array(halves.length);
  const bits = new Uint32Array(numbers.buffer);
  for (let index = 0; index < halves.length; index++) {
    const half = halves[index]!;
    const exponent = (half >> 10) & 0x1f;
    if (exponent === 0 || exponent === 31) numbers[index] = fromHalf(half);
    else bits[index] = ((half & 0x8000) << 16) | ((half & 0x7fff) * 0x2000 + 0x38000000);
  }
  return numbers;
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
