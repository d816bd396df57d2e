// How fast are the candidates of one AssociateFaces call scored against a user's centroid?
// 100 candidates at 128, 512 and 1024 dimensions, by what the operation calls (the matcher, on rows that lie in one
// block as the store hands them over, and on rows here and there) and by every kernel of this host, beside simsimd,
// TensorFlow.js on WebAssembly, a plain JavaScript loop and hnswlib-node's distance function.
// `node benchmarks/scoring.mjs [milliseconds a round]` after `npm run build`; `npm run bench` installs simsimd.

import hnswlib from 'hnswlib-node';
import { loadKernels } from '../dist/vectors/kernels.js';
import { createMatcher } from '../dist/vectors/matcher.js';
import { direction, interleaved, near, save, seeded } from './measuring.mjs';
import { peer, tensorflowWasm } from './peers.mjs';

const CANDIDATES = 100;
const TRIALS = [128, 512, 1024];
const ROUNDS = { rounds: 21, roundMs: Number(process.argv[2] ?? 20), clock: 'cpu' };

const { kernels, kernelProblem } = loadKernels();
if (kernelProblem) throw kernelProblem;
const simsimd = await peer('simsimd');
const tf = await tensorflowWasm();

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
  const apart = Array.from({ length: CANDIDATES }, () => near(random, centroid, 0.8));
  const block = new Float32Array(CANDIDATES * dimension);
  for (const [i, face] of apart.entries()) block.set(face, i * dimension);
  const ordinals = Uint32Array.from(apart.keys());
  const out = new Float32Array(CANDIDATES);
  const matcher = createMatcher();
  const variants = {
    'matcher, one block': () => matcher.cosinesOf(centroid, block, ordinals),
    'matcher, rows apart': () => matcher.cosines(centroid, apart),
  };
  for (const kernel of kernels)
    variants[`kernel ${kernel.name}`] = () => kernel.dotMany(centroid, block, out);
  if (simsimd)
    variants.simsimd = () => {
      for (let i = 0; i < CANDIDATES; i++) out[i] = simsimd.dot(centroid, apart[i]);
    };
  const faces = tf.tensor2d(block, [CANDIDATES, dimension]);
  variants['TensorFlow.js WASM matMul'] = () =>
    tf.tidy(() => tf.matMul(faces, tf.tensor2d(centroid, [dimension, 1])).dataSync());
  variants['plain JavaScript loop'] = () => plainLoop(centroid, apart, out);
  const space = new hnswlib.InnerProductSpace(dimension);
  const [centroidArray, faceArrays] = [Array.from(centroid), apart.map((face) => Array.from(face))];
  variants['hnswlib-node distance'] = () => {
    for (let i = 0; i < CANDIDATES; i++) out[i] = 1 - space.distance(centroidArray, faceArrays[i]);
  };
  return variants;
}

const trials = [];
for (const dimension of TRIALS) {
  const times = await interleaved(variantsAt(dimension), ROUNDS);
  const matcherUs = Object.values(times)[0].medianUs;
  const rows = Object.entries(times).map(([variant, { medianUs, minUs, p90Us }]) => ({
    variant,
    medianUs,
    minUs,
    p90Us,
    nsPerPair: (medianUs * 1e3) / CANDIDATES,
    timesTheMatcher: medianUs / matcherUs,
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
          '× matcher': row.timesTheMatcher.toFixed(1),
        },
      ]),
    ),
  );
}
save('scoring', { question: '100 candidates scored against one centroid', ...ROUNDS, trials });
