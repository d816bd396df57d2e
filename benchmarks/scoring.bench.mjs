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
  const apart = Array.from({ length: CANDIDATES }, () => near(random, centroid, 0.8));
  for (const [i, row] of apart.entries()) block.set(row, i * dimension);
  const ordinals = Uint32Array.from(apart.keys());
  const out = new Float32Array(CANDIDATES);
  const matcher = createMatcher();

  bench('matcher, one block', () => {
    matcher.cosinesOf(centroid, block, ordinals);
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
