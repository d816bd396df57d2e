import { type Kernel, kernels } from './kernels.js';
import type { Matcher } from './vectors.js';

/** Rows here and there are copied together, so many at a time, which bounds the memory for it. */
const ROWS_PER_CALL = 100;

/** One float that is not finite, in the query or a row, makes its score so. */
function checkFinite(cosines: Float32Array): void {
  for (let i = 0; i < cosines.length; i++)
    if (!Number.isFinite(cosines[i]))
      throw new RangeError(`the query or row ${i} holds a number that is not finite`);
}

/** Scores a handful of vectors exactly, with the best kernel of `available` (default: of this host). */
export function createMatcher(available: readonly [Kernel, ...Kernel[]] = kernels()): Matcher {
  const [kernel] = available;
  // Grows to the largest dimension seen; a call is synchronous, so no two calls use it at once.
  let scratch = new Float32Array(0);

  const copyAndScore = (query: Float32Array, rows: readonly Float32Array[], out: Float32Array) => {
    const dimension = query.length;
    const size = rows.length * dimension;
    if (scratch.length < size) scratch = new Float32Array(size);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (row.length !== dimension)
        throw new RangeError(`row ${i} has dimension ${row.length}, expected ${dimension}`);
      scratch.set(row, i * dimension);
    }
    kernel.dotMany(query, scratch.subarray(0, size), out);
  };

  return {
    kernel: kernel.name,
    cosines(query, rows) {
      const cosines = new Float32Array(rows.length);
      if (rows.length <= ROWS_PER_CALL) copyAndScore(query, rows, cosines);
      else
        for (let i = 0; i < rows.length; i += ROWS_PER_CALL) {
          const batch = rows.slice(i, i + ROWS_PER_CALL);
          copyAndScore(query, batch, cosines.subarray(i, i + batch.length));
        }
      checkFinite(cosines);
      return cosines;
    },
    cosinesOf(query, block, ordinals) {
      const cosines = new Float32Array(ordinals.length);
      kernel.dotGather(query, block, ordinals, cosines);
      checkFinite(cosines);
      return cosines;
    },
  };
}
