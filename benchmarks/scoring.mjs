// How fast are the candidates of one AssociateFaces call scored against a user's centroid?
// 100 candidates at 128 and 512 dimensions: every kernel of this host beside hnswlib-node's distance
// function and a plain JavaScript loop. Run `npx tsc -p .` first, then `node benchmarks/scoring.mjs`.

import hnswlib from 'hnswlib-node';
import { loadKernels } from '../dist/vectors/kernels.js';
import { createMatcher } from '../dist/vectors/matcher.js';
import { direction, interleaved, near, save, seeded } from './measuring.mjs';

const CANDIDATES = 100;
const TRIALS = [128, 512];
const ROUNDS = { rounds: 21, roundMs: 20 };

function plainLoop(query, rows, out) {
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    let sum = 0;
    for (let j = 0; j < query.length; j++) sum += query[j] * row[j];
    out[i] = sum;
  }
}

function variantsAt(dimension) {
  const random = seeded(dimension);
  const centroid = direction(random, dimension);
  const faces = Array.from({ length: CANDIDATES }, () => near(random, centroid, 0.8));
  const flat = new Float32Array(CANDIDATES * dimension);
  for (const [i, face] of faces.entries()) flat.set(face, i * dimension);
  const out = new Float32Array(CANDIDATES);
  const { kernels, kernelProblem } = loadKernels();
  if (kernelProblem) throw kernelProblem;

  const variants = {};
  for (const kernel of kernels)
    variants[`kernel ${kernel.name}`] = () => kernel.dotMany(centroid, flat, out);
  // What an operation calls: the candidates come as separate vectors and results are checked.
  const matcher = createMatcher();
  variants[`matcher (${matcher.kernel})`] = () => matcher.cosines(centroid, faces);
  variants['plain JavaScript loop'] = () => plainLoop(centroid, faces, out);
  const space = new hnswlib.InnerProductSpace(dimension);
  const [centroidArray, faceArrays] = [Array.from(centroid), faces.map((face) => Array.from(face))];
  variants['hnswlib-node distance'] = () => {
    for (let i = 0; i < CANDIDATES; i++) out[i] = 1 - space.distance(centroidArray, faceArrays[i]);
  };
  return variants;
}

const trials = [];
for (const dimension of TRIALS) {
  const times = await interleaved(variantsAt(dimension), ROUNDS);
  const bestUs = Object.values(times)[0].medianUs;
  const rows = Object.entries(times).map(([variant, { medianUs, minUs, p90Us }]) => ({
    variant,
    medianUs,
    minUs,
    p90Us,
    nsPerPair: (medianUs * 1e3) / CANDIDATES,
    timesTheBestKernel: medianUs / bestUs,
  }));
  trials.push({ dimension, candidates: CANDIDATES, rows });
  console.log(`\n${CANDIDATES} candidates against a centroid, ${dimension} dimensions`);
  console.table(
    Object.fromEntries(
      rows.map((row) => [
        row.variant,
        {
          'µs a call': row.medianUs.toFixed(2),
          'best round': row.minUs.toFixed(2),
          'ns a pair': row.nsPerPair.toFixed(1),
          '× best kernel': row.timesTheBestKernel.toFixed(1),
        },
      ]),
    ),
  );
}
save('scoring', { question: '100 candidates scored against one centroid', ...ROUNDS, trials });
