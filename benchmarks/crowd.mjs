// How well does the search graph do on real faces? The labelled photos of ../shared/faces, embedded by this service's own
// model, in a crowd of strangers drawn with the mean and the covariances, between people and within one, of these very
// embeddings. Every person of two or more photos is searched by the last of them.
// Run `npx tsc -p .` first, then `node benchmarks/crowd.mjs [folder of photos] [rows]`; embedding the photos takes some
// minutes the first time.

import { cosineOf } from '../dist/domain/similarity.js';
import { kernels } from '../dist/vectors/kernels.js';
import { segmentBase, segmentRows } from '../dist/vectors/segments.js';
import { loadNativeIndex } from '../dist/vectors/table.js';
import { DEFAULT_MODELS, loadCard } from '../dist/vision/models.js';
import { analyse, labelledFace, photos } from './faces.mjs';
import { save, seeded } from './measuring.mjs';
import { groupBy } from './metrics.mjs';

const ROWS = Number(process.argv[3] ?? 100_000);
const FACES_EACH = 5;
const M = 16;
const EF_CONSTRUCTION = 200;
const EFS = [40, 80, 160, 320, 640, 1200];
const LIMIT = 10;
const THRESHOLDS = [75, 80, 90];
/** As the service asks (src/vectors/graph-engine.ts). */
const PER_MATCH = 8;
/** The most candidates a graph can be asked for. */
const MOST = 65_536;
const PAIRS = 1_000_000;

const { calibration: curve } = await loadCard(DEFAULT_MODELS.embedder, 'embedder');
const random = seeded(1);
const gauss = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Embeddings of each person, those of one photo included. */
async function people() {
  const rows = photos().filter(({ kind }) => kind === 'identity');
  const { results } = await analyse(rows);
  const found = rows.flatMap((row) => {
    const face = labelledFace(row, results.get(row.path));
    return face ? [{ person: row.person, embedding: face.embedding }] : [];
  });
  return groupBy(found, ({ person }) => person).map(([, own]) =>
    own.map(({ embedding }) => embedding),
  );
}

/** The covariance of vectors about their own mean, row by row. */
function covariance(vectors, mean) {
  const size = mean.length;
  const sums = new Float64Array(size * size);
  for (const vector of vectors)
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++)
        sums[i * size + j] += (vector[i] - mean[i]) * (vector[j] - mean[j]);
  return sums.map((sum) => sum / vectors.length);
}

const meanOf = (vectors) =>
  Float64Array.from(
    vectors[0],
    (_, i) => vectors.reduce((sum, vector) => sum + vector[i], 0) / vectors.length,
  );

/** The lower triangle L of L·Lᵀ; undefined where the matrix is not positive definite. */
function triangle(matrix, size) {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j];
      for (let k = 0; k < j; k++) sum -= lower[i * size + k] * lower[j * size + k];
      if (i === j && sum <= 0) return undefined;
      lower[i * size + j] = i === j ? Math.sqrt(sum) : sum / lower[j * size + j];
    }
  return lower;
}

/** The same with as little added to the diagonal as makes it so: what is estimated from few people may lack it. */
function cholesky(matrix, size) {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += matrix[i * size + i];
  for (let added = 0; ; added = added === 0 ? (1e-6 * trace) / size : added * 2) {
    const raised = matrix.map((value, at) => (at % (size + 1) === 0 ? value + added : value));
    const lower = triangle(raised, size);
    if (lower) return lower;
  }
}

/** Draws faces as these people have: one person after the other. */
function crowdLike(real) {
  const size = real[0][0].length;
  const several = real.filter((faces) => faces.length > 1);
  const deviations = several.flatMap((faces) => {
    const mean = meanOf(faces);
    const unbiased = Math.sqrt(faces.length / (faces.length - 1));
    return faces.map((face) => Float64Array.from(face, (x, i) => (x - mean[i]) * unbiased));
  });
  const firsts = real.map(([face]) => face);
  const mean = meanOf(firsts);
  const all = covariance(firsts, mean);
  const within = covariance(deviations, new Float64Array(size));
  const between = cholesky(
    all.map((value, at) => value - within[at]),
    size,
  );
  const inside = cholesky(within, size);
  const add = (vector, lower) => {
    const noise = Float64Array.from({ length: size }, gauss);
    for (let i = 0; i < size; i++)
      for (let j = 0; j <= i; j++) vector[i] += lower[i * size + j] * noise[j];
    return vector;
  };
  let centre;
  return (number) => {
    if (number % FACES_EACH === 0) centre = add(Float64Array.from(mean), between);
    const face = add(Float64Array.from(centre), inside);
    const length = Math.hypot(...face);
    return Float32Array.from(face, (x) => x / length);
  };
}

const real = await people();
const size = real[0][0].length;
const drawn = crowdLike(real);
const rows = new Float32Array(ROWS * size);
/** Whose face a row is; strangers have numbers beyond those of the people. */
const owner = new Uint32Array(ROWS);
const queries = [];
let filled = 0;
for (const [person, faces] of real.entries()) {
  const enrolled = faces.length > 1 ? faces.slice(0, -1) : faces;
  if (faces.length > 1) queries.push({ person, vector: faces.at(-1) });
  for (const face of enrolled) {
    rows.set(face, filled * size);
    owner[filled++] = person;
  }
}
const firstStranger = filled;
for (let i = 0; filled < ROWS; i++) {
  rows.set(drawn(i), filled * size);
  owner[filled++] = real.length + Math.floor(i / FACES_EACH);
}
const row = (i) => rows.subarray(i * size, (i + 1) * size);

/** Is the crowd as alike as real strangers are? The share of its pairs above the cosines of the model's card. */
const [kernel] = kernels();
const one = new Float32Array(1);
const cosines = [];
for (let pair = 0; pair < PAIRS; pair++) {
  const [a, b] = [random(), random()].map(
    (x) => firstStranger + Math.floor(x * (ROWS - firstStranger)),
  );
  if (owner[a] === owner[b]) continue;
  kernel.dotMany(row(a), row(b), one);
  cosines.push(one[0]);
}
const likeness = curve.points.slice(0, 5).map(([cosine, log10Fmr]) => ({
  cosine,
  fmrOfRealStrangers: 10 ** log10Fmr,
  fmrOfTheCrowd: cosines.filter((each) => each >= cosine).length / cosines.length,
}));
console.table(likeness);

const { Table, Graph } = loadNativeIndex();
const table = new Table({ dimension: size, inlineMicroseconds: Infinity });
const graph = new Graph(table, {
  m: M,
  efConstruction: EF_CONSTRUCTION,
  inlineMicroseconds: Infinity,
});
for (let segment = 0; segmentBase(segment) < ROWS; segment++)
  table.addSegment(new Float32Array(new SharedArrayBuffer(segmentRows(segment) * size * 4)));
for (let i = 0; i < ROWS; i++) table.put(i, row(i));
graph.give(Uint32Array.from({ length: ROWS }, (_, i) => i));
while (graph.pending > 0) await graph.link(1024);

const limits = Uint32Array.of(LIMIT);
const anything = Float64Array.of(-2);
const best = queries.map(({ vector }) => [...table.search(vector, limits, anything).ordinals]);
const search = EFS.map((ef) => {
  const counts = { all: 0, found: 0, genuine: 0, genuineFound: 0 };
  for (const [q, { vector, person }] of queries.entries()) {
    const { ordinals } = graph.search(
      vector,
      limits,
      anything,
      undefined,
      Uint32Array.of(ef),
      ef,
      1,
    );
    const found = new Set(ordinals);
    for (const ordinal of best[q]) {
      const genuine = owner[ordinal] === person ? 1 : 0;
      const hit = found.has(ordinal) ? 1 : 0;
      counts.all++;
      counts.found += hit;
      counts.genuine += genuine;
      counts.genuineFound += genuine * hit;
    }
  }
  return {
    ef,
    recall: counts.found / counts.all,
    genuineRecall: counts.genuineFound / counts.genuine,
  };
});
console.table(search);

/** All matches above a threshold: what the graph answers, and whether that is what a scan finds. */
const thresholds = THRESHOLDS.map((threshold) => {
  const floors = Float64Array.of(cosineOf(curve, threshold));
  const many = Uint32Array.of(4096);
  const counts = { matches: 0, answered: 0, same: 0 };
  for (const { vector } of queries) {
    const want = table.search(vector, many, floors).ordinals;
    counts.matches += want.length;
    const efs = Uint32Array.of(160);
    const led = graph.search(vector, many, floors, undefined, efs, Math.min(ROWS, MOST), PER_MATCH);
    if (led.complete[0] === 0) continue;
    counts.answered++;
    if (`${led.ordinals}` === `${want}`) counts.same++;
  }
  return {
    threshold,
    cosine: floors[0],
    matchesEach: counts.matches / queries.length,
    answeredByGraph: counts.answered / queries.length,
    sameAsScan: counts.answered === 0 ? undefined : counts.same / counts.answered,
  };
});
console.table(thresholds);

/** What the graph alone would find of them, were it believed at once. */
const believed = THRESHOLDS.flatMap((threshold) =>
  EFS.map((ef) => {
    const floor = cosineOf(curve, threshold);
    const floors = Float64Array.of(floor);
    let same = 0;
    for (const { vector } of queries) {
      const most = Uint32Array.of(Math.min(ef, 64));
      const want = table.search(vector, most, floors).ordinals;
      const { ordinals, scores } = graph.search(
        vector,
        most,
        anything,
        undefined,
        Uint32Array.of(ef),
        ef,
        1,
      );
      const found = ordinals.filter((_, i) => scores[i] >= floor);
      if (`${found}` === `${want}`) same++;
    }
    return { threshold, ef, sameAsScan: same / queries.length };
  }),
);
console.table(believed);

save('crowd', {
  question: `real faces of ${real.length} people in a crowd of ${ROWS} rows drawn like them`,
  people: real.length,
  realRows: firstStranger,
  queries: queries.length,
  m: M,
  efConstruction: EF_CONSTRUCTION,
  calibration: curve.version,
  likeness,
  search,
  thresholds,
  believed,
});
