// The scoring path of AssociateFaces by `vitest bench`: `npm run bench:scoring`. The table with peers and targets is
// made by scoring.mjs.

import { bench, describe } from 'vitest';
import { kernels } from '../dist/vectors/kernels.js';
import { createMatcher } from '../dist/vectors/matcher.js';
import { direction, near, seeded } from './measuring.mjs';

const CANDIDATES = 100;

describe.each([128, 512, 1024])('100 candidates against a centroid, %i dimensions', (dimension) => {
  const random = seeded(dimension);
  const centroid = direction(random, dimension);
  const block = new Float32Array(CANDIDATES * dimension);
  const rows = Array.from({ length: CANDIDATES }, (_, i) => {
    const row = block.subarray(i * dimension, (i + 1) * dimension);
    row.set(near(random, centroid, 0.8));
    return row;
  });
  const apart = rows.map((row) => row.slice());
  const out = new Float32Array(CANDIDATES);
  const matcher = createMatcher();

  bench('matcher, one block', () => {
    matcher.cosines(centroid, rows);
  });
  bench('matcher, rows apart', () => {
    matcher.cosines(centroid, apart);
  });
  for (const kernel of kernels())
    bench(`kernel ${kernel.name}`, () => {
      kernel.dotMany(centroid, block, out);
    });
  bench('plain JavaScript loop', () => {
    for (const [i, row] of apart.entries()) {
      let sum = 0;
      for (let j = 0; j < dimension; j++) sum += centroid[j] * row[j];
      out[i] = sum;
    }
  });
});
