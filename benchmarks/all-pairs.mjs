// How near to the CPU's multiply-add peak does the score histogram of all pairs come?
// 20,000 face-like rows at 512 dimensions, 2,048 bins, on one thread: every kernel that has tiles, beside the peak of its
// own instruction set measured just before and after it (A B A), TensorFlow.js WASM's matMul without any histogram,
// and a plain JavaScript loop on a sample of the pairs. The peak is what independent multiply-adds on registers
// alone reach, 16 at a time (native/kernels/tile_*.cc, saturate). GFLOP/s are by CPU time, pairs a second by the clock.
// `node benchmarks/all-pairs.mjs [rows] [dimension]` after `npm run build`.

import { loadKernels } from '../dist/vectors/kernels.js';
import { pairHistogram } from '../dist/vectors/pair-histogram.js';
import { direction, save, seeded } from './measuring.mjs';
import { tensorflowWasm } from './peers.mjs';

const ROWS = Number(process.argv[2] ?? 20_000);
const DIMENSION = Number(process.argv[3] ?? 512);
const BINS = 2048;
const ROUNDS = 5;
const BLOCK = 4096;
const PEAK_ROUNDS = 5_000_000;
const LOOP_ROWS = 300;
const MATRIX_ROWS = 1024;
const MATRIX_ROUNDS = 3;

const random = seeded(1);
const rows = new Float32Array(new SharedArrayBuffer(ROWS * DIMENSION * 4));
for (let i = 0; i < ROWS; i++) rows.set(direction(random, DIMENSION), i * DIMENSION);

const { kernels, kernelProblem } = loadKernels();
if (kernelProblem) throw kernelProblem;
const tiled = kernels.filter(({ name, pairs }) => pairs && name !== 'scalar');
if (tiled.length === 0) throw new Error('no kernel of this host has tiles: build the addon first');

const flopsOf = (pairs) => pairs * DIMENSION * 2;
/** Milliseconds of this process's CPU time, so that what else runs on the host counts less. */
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
};
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** One block of the square, as the histogram counts it, beside the peak just before and after: GFLOP/s each. */
async function block({ pairs }, rowBegin, columnBegin) {
  const counts = () =>
    pairs.count(
      rows,
      DIMENSION,
      BINS,
      rowBegin,
      rowBegin + BLOCK,
      columnBegin,
      columnBegin + BLOCK,
    );
  const before = peak(pairs);
  const started = cpuMs();
  const counted = (await counts()).reduce((sum, count) => sum + count, 0);
  const tookMs = cpuMs() - started;
  return { gflops: flopsOf(counted) / tookMs / 1e6, peak: (before + peak(pairs)) / 2 };
}

function peak(pairs) {
  const started = cpuMs();
  const flops = pairs.saturate(PEAK_ROUNDS);
  return flops / (cpuMs() - started) / 1e6;
}

/** Millions of pairs a second by a loop over Float32Arrays, with the histogram. */
function plainLoop() {
  const counts = new Float64Array(BINS);
  const sample = Array.from({ length: LOOP_ROWS }, (_, i) =>
    rows.subarray(i * DIMENSION, (i + 1) * DIMENSION),
  );
  const started = performance.now();
  for (let i = 0; i < LOOP_ROWS; i++)
    for (let j = i + 1; j < LOOP_ROWS; j++) {
      let sum = 0;
      for (let k = 0; k < DIMENSION; k++) sum += sample[i][k] * sample[j][k];
      counts[Math.floor((sum + 1) * (BINS / 2))]++;
    }
  return (LOOP_ROWS * (LOOP_ROWS - 1)) / 2 / (performance.now() - started) / 1e3;
}

/** Millions of pairs a second by TensorFlow.js: the scores alone. */
async function tensorflow() {
  const tf = await tensorflowWasm();
  const matrix = tf.tensor2d(rows.slice(0, MATRIX_ROWS * DIMENSION), [MATRIX_ROWS, DIMENSION]);
  const rates = [];
  for (let round = 0; round <= MATRIX_ROUNDS; round++) {
    const started = performance.now();
    tf.tidy(() => tf.matMul(matrix, matrix, false, true).dataSync());
    rates.push(MATRIX_ROWS ** 2 / (performance.now() - started) / 1e3);
  }
  // The first round warms up.
  return median(rates.slice(1));
}

const results = [];
for (const kernel of tiled) {
  const blocks = [];
  for (let round = 0; round < ROUNDS; round++)
    for (let column = BLOCK; column + BLOCK <= ROWS; column += BLOCK)
      blocks.push(await block(kernel, 0, column));
  const started = performance.now();
  await pairHistogram(kernel, rows, { dimension: DIMENSION, bins: BINS });
  const wholeMs = performance.now() - started;
  const peakGflops = median(blocks.map((each) => each.peak));
  const gflops = median(blocks.map((each) => each.gflops));
  const pairs = (ROWS * (ROWS - 1)) / 2;
  results.push({
    kernel: kernel.name,
    peakGflops,
    blockGflops: gflops,
    bestBlockGflops: Math.max(...blocks.map((each) => each.gflops)),
    shareOfPeak: median(blocks.map((each) => each.gflops / each.peak)),
    wholeMs,
    wholeGflops: flopsOf(pairs) / wholeMs / 1e6,
    millionPairsPerSecond: pairs / wholeMs / 1e3,
  });
}
const loop = plainLoop();
const matMul = await tensorflow();
const [best] = results;

console.log(`\nall pairs of ${ROWS} rows of ${DIMENSION} dimensions in ${BINS} bins, one thread`);
console.table(
  Object.fromEntries([
    ...results.map((row) => [
      row.kernel,
      {
        'GFLOP/s': row.blockGflops.toFixed(1),
        peak: row.peakGflops.toFixed(1),
        'share of peak': `${(row.shareOfPeak * 100).toFixed(0)} %`,
        'million pairs/s': row.millionPairsPerSecond.toFixed(1),
        'whole, s': (row.wholeMs / 1e3).toFixed(2),
      },
    ]),
    ['TensorFlow.js WASM matMul', { 'million pairs/s': matMul.toFixed(2) }],
    ['plain JavaScript loop', { 'million pairs/s': loop.toFixed(2) }],
  ]),
);
save('all-pairs', {
  question: 'the score histogram of all pairs beside the multiply-add peak',
  rows: ROWS,
  dimension: DIMENSION,
  bins: BINS,
  rounds: ROUNDS,
  plainLoopMillionPairsPerSecond: loop,
  tensorflowMillionPairsPerSecond: matMul,
  timesPlainLoop: best.millionPairsPerSecond / loop,
  timesTensorflow: best.millionPairsPerSecond / matMul,
  results,
});
