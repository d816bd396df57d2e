import { checkArguments } from '../../src/vectors/kernel-arguments.js';
import type { Kernel } from '../../src/vectors/kernels.js';

/**
 * A kernel in plain JavaScript, summed in double precision: what the others are held against, and slow
 * enough to show how a long scan gives way. It searches without codes.
 */
export const javascriptKernel: Kernel = {
  name: 'javascript',

  dotMany(query, rows, out) {
    checkArguments.dotMany(query, rows, out);
    for (let i = 0; i < out.length; i++) out[i] = dot(query, rows, i);
  },

  dotGather(query, rows, ordinals, out) {
    checkArguments.dotGather(query, rows, ordinals, out);
    for (let i = 0; i < out.length; i++) out[i] = dot(query, rows, ordinals[i]!);
  },

  // oxlint-disable-next-line max-params -- the native function's signature
  topK(query, rows, live, floor, ordinals, scores) {
    checkArguments.topK(query, rows, live, floor, ordinals, scores);
    const found: { score: number; ordinal: number }[] = [];
    for (let ordinal = 0; ordinal < live.length; ordinal++) {
      if (live[ordinal] === 0) continue;
      const score = Math.fround(dot(query, rows, ordinal));
      if (score >= floor) found.push({ score, ordinal });
    }
    const best = found
      .toSorted((a, b) => b.score - a.score || a.ordinal - b.ordinal)
      .slice(0, scores.length);
    for (const [at, { score, ordinal }] of best.entries()) {
      scores[at] = score;
      ordinals[at] = ordinal;
    }
    return best.length;
  },
};

/** Query times row number `row`. */
function dot(query: Float32Array, rows: Float32Array, row: number): number {
  const start = row * query.length;
  let sum = 0;
  for (let j = 0; j < query.length; j++) sum += query[j]! * rows[start + j]!;
  return sum;
}
