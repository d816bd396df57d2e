import { endianness } from 'node:os';

/**
 * The one place where embeddings become stored bytes and come back: float32, little endian, end to end.
 * Every vector is checked here on its way in and on its way out.
 */

/** How far the length of a stored vector may be from 1. */
const NORM_TOLERANCE = 1e-3;
const BYTES_PER_FLOAT = 4;
const SWAP = endianness() === 'BE';

/**
 * Throws a RangeError unless `vector` has `dimension` finite components and unit length.
 * `what` names it in the message, such as `face 1f0…`.
 */
export function checkEmbedding(vector: Float32Array, dimension: number, what: string): void {
  if (vector.length !== dimension)
    throw new RangeError(
      `the embedding of ${what} has ${vector.length} components, expected ${dimension}`,
    );
  let square = 0;
  for (const component of vector) square += component * component;
  // Written so that NaN fails as well.
  if (!(Math.abs(Math.sqrt(square) - 1) <= NORM_TOLERANCE))
    throw new RangeError(
      `the embedding of ${what} has length ${Math.sqrt(square)}, expected unit length`,
    );
}

/** The bytes to store. The caller has checked the vector. */
export function encodeEmbedding(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.length * BYTES_PER_FLOAT);
  bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
  return SWAP ? Buffer.from(bytes.buffer).swap32() : bytes;
}

/** The vector in `bytes`; a RangeError when they hold anything but a unit vector of this dimension. */
export function decodeEmbedding(bytes: Uint8Array, dimension: number, what: string): Float32Array {
  const vector = new Float32Array(dimension);
  decodeEmbeddingInto(bytes, vector, what);
  return vector;
}

/** As decodeEmbedding, into `target`, whose length is the dimension. */
export function decodeEmbeddingInto(bytes: Uint8Array, target: Float32Array, what: string): void {
  if (bytes.byteLength !== target.byteLength)
    throw new RangeError(
      `the stored embedding of ${what} has ${bytes.byteLength} bytes, expected ${target.byteLength}`,
    );
  const view = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  view.set(bytes);
  if (SWAP) Buffer.from(target.buffer, target.byteOffset, target.byteLength).swap32();
  checkEmbedding(target, target.length, what);
}
