// How long does `likeness thresholds` take on what is large: all pairs of 100,000 faces at 512 dimensions, counted person by
// person for the intervals, and a score file of ten million rows? Prints seconds and the most memory held.
//
//   npm run build && node benchmarks/thresholds.mjs [faces, default 100000] [dimension, default 512] [rows, default 10000000]
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { compareAll } from '../dist/thresholds/comparisons.js';
import { countScores } from '../dist/thresholds/inputs/score-tally.js';
import { samplesOf } from '../dist/thresholds/samples.js';
import { similarityGrid } from '../dist/thresholds/scale.js';
import { kernels } from '../dist/vectors/kernels.js';
import { direction, save, seeded } from './measuring.mjs';

const [FACES = 100_000, DIMENSION = 512, ROWS = 10_000_000] = process.argv.slice(2).map(Number);
const PHOTOS = 4;
const curve = {
  version: 'benchmark',
  exponent: 0.2,
  points: [
    [0, -0.3],
    [0.3, -2],
    [0.7, -7],
  ],
};
const random = seeded(1);

const seconds = async (work) => {
  const started = performance.now();
  const result = await work();
  return [(performance.now() - started) / 1e3, result];
};
const mostMemoryMb = () => Math.round(process.resourceUsage().maxRSS / 1024);

async function scores() {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-scores-'));
  const path = join(folder, 'scores.csv');
  const file = createWriteStream(path);
  file.write('a,b,genuine,score\n');
  for (let row = 0; row < ROWS; row += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, ROWS - row) }, (_, i) => {
      const own = (row + i) % 50 === 0;
      const a = Math.floor(random() * 5000);
      const b = own ? a : Math.floor(random() * 5000);
      return `p${a},p${b},${own ? 1 : 0},${(random() + (own ? 0.6 : 0)).toFixed(6)}\n`;
    });
    if (!file.write(lines.join(''))) await new Promise((drained) => file.once('drain', drained));
  }
  file.end();
  await finished(file);
  const files = [{ path, kind: 'labelled' }];
  const [took, { impostor, genuine }] = await seconds(() =>
    countScores(files, { seed: 1, distance: false }),
  );
  rmSync(folder, { recursive: true });
  return {
    rows: impostor.comparisons + genuine.comparisons,
    seconds: took,
    memoryMb: mostMemoryMb(),
  };
}

async function pairs() {
  const faces = Array.from({ length: FACES }, (_, i) => ({
    photo: `${i}`,
    subject: `p${Math.floor(i / PHOTOS)}`,
    embedding: direction(random, DIMENSION),
    quality: {},
    groups: {},
  }));
  const samples = samplesOf(faces, DIMENSION, 1);
  for (const face of faces) face.embedding = samples.rows.subarray(0, 0);
  const [kernel] = kernels();
  const threads = availableParallelism();
  const [took, { impostor, genuine }] = await seconds(() =>
    compareAll(samples, { kernel, grid: similarityGrid(curve), threads, worst: 50 }),
  );
  return {
    kernel: kernel.name,
    threads,
    pairs: impostor.comparisons + genuine.comparisons,
    seconds: took,
    memoryMb: mostMemoryMb(),
  };
}

const scoreFile = await scores();
const allPairs = await pairs();
console.table({ 'score file': scoreFile, 'all pairs': allPairs });
save('thresholds', {
  question: 'likeness thresholds on what is large',
  faces: FACES,
  dimension: DIMENSION,
  scoreFile,
  allPairs,
});
