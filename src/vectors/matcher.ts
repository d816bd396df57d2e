import { type Kernel, kernels } from './kernels.js';
import type { Matcher } from './vectors.js';

/** Rows here and there are copied together, so many at a time, which bounds the memory for it. */
const ROWS_PER_CALL = 100;

const isNotFinite = (cosine: number): boolean => !Number.isFinite(cosine);

/**
 * Scores a handful of vectors exactly, with the best kernel of `available` (default: of this host). Rows of one
 * block, as the store hands over the faces of a request, are scored where they lie, in one native call.
 */
export function createMatcher(available: readonly [Kernel, ...Kernel[]] = kernels()): Matcher {
  const [kernel] = available;
  // Grow to what was needed most; a call is synchronous, so no two calls use them at once.
  let scratch = new Float32Array(0);
  let ordinals = new Uint32Array(0);

  const copyAndScore = (query: Float32Array, rows: readonly Float32Array[], out: Float32Array) => {
    const size = rows.length * query.length;
    if (scratch.length < size) scratch = new Float32Array(size);
    for (let i = 0; i < rows.length; i++) scratch.set(rows[i]!, i * query.length);
    kernel.dotMany(query, scratch.subarray(0, size), out);
  };

  return {
    kernel: kernel.name,
    cosines(query, rows) {
      checkDimensions(rows, query.length);
      const cosines = new Float32Array(rows.length);
      if (ordinals.length < rows.length) ordinals = new Uint32Array(rows.length);
      const block = blockOf(rows, ordinals);
      if (block) kernel.dotGather(query, block, ordinals.subarray(0, rows.length), cosines);
      else
        for (let i = 0; i < rows.length; i += ROWS_PER_CALL) {
          const batch = rows.slice(i, i + ROWS_PER_CALL);
          copyAndScore(query, batch, cosines.subarray(i, i + batch.length));
        }
      // One float that is not finite, in the query or a row, makes its score so.
      const wrong = cosines.findIndex(isNotFinite);
      if (wrong !== -1)
        throw new RangeError(`the query or row ${wrong} holds a number that is not finite`);
      return cosines;
    },
  };
}

function checkDimensions(rows: readonly Float32Array[], dimension: number): void {
  for (let i = 0; i < rows.length; i++)
    if (rows[i]!.length !== dimension)
      throw new RangeError(`row ${i} has dimension ${rows[i]!.length}, expected ${dimension}`);
}

/**
 * The rows as one array in which row i has number ordinals[i], where they lie in one buffer, whole rows apart and
 * none before the first; undefined where they do not. All have the same length.
 */
function blockOf(rows: readonly Float32Array[], ordinals: Uint32Array): Float32Array | undefined {
  const [first] = rows;
  if (!first || first.length === 0) return undefined;
  const { buffer, byteOffset: start, byteLength: rowBytes } = first;
  let last = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    const ordinal = (row.byteOffset - start) / rowBytes;
    if (row.buffer !== buffer || ordinal < 0 || !Number.isInteger(ordinal)) return undefined;
    ordinals[i] = ordinal;
    if (ordinal > last) last = ordinal;
  }
  return new Float32Array(buffer, start, (last + 1) * first.length);
}
