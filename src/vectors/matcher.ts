import { type Kernel, kernels } from './kernels.js';
import type { Matcher } from './vectors.js';

/** AssociateFaces judges at most this many faces at once; more are scored in several native calls. */
const ROWS_PER_CALL = 100;

const isNotFinite = (cosine: number): boolean => !Number.isFinite(cosine);

/** Scores a handful of vectors exactly, with the best kernel of `available` (default: of this host). */
export function createMatcher(available: readonly [Kernel, ...Kernel[]] = kernels()): Matcher {
  const [kernel] = available;
  // Grows to the largest dimension seen; a call is synchronous, so no two calls use it at once.
  let scratch = new Float32Array(0);

  const score = (query: Float32Array, rows: readonly Float32Array[], out: Float32Array): void => {
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
      if (rows.length <= ROWS_PER_CALL) score(query, rows, cosines);
      else
        for (let i = 0; i < rows.length; i += ROWS_PER_CALL) {
          const batch = rows.slice(i, i + ROWS_PER_CALL);
          score(query, batch, cosines.subarray(i, i + batch.length));
        }
      // One float that is not finite, in the query or a row, makes its score so.
      const wrong = cosines.findIndex(isNotFinite);
      if (wrong !== -1)
        throw new RangeError(`the query or row ${wrong} holds a number that is not finite`);
      return cosines;
    },
  };
}
