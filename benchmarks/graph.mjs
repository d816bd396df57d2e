// What does it cost to build a search graph and to search it, beside hnswlib-node at equal recall; and
// does the service's hnsw engine miss matches above a cosine that its exact scan finds?
// Run `npx tsc -p .` first, then `node benchmarks/graph.mjs [rows] [dimension]`; 100,000 × 128 take under two minutes,
// nearly all of it hnswlib-node's build.

import hnswlib from 'hnswlib-node';
import { createVectors } from '../dist/vectors/create.js';
import { kernels } from '../dist/vectors/kernels.js';
import { segmentBase, segmentRows } from '../dist/vectors/segments.js';
import { loadNativeIndex } from '../dist/vectors/table.js';
import { direction, interleaved, near, save, seeded } from './measuring.mjs';

const ROWS = Number(process.argv[2] ?? 100_000);
const DIMENSION = Number(process.argv[3] ?? 128);
const FACES_EACH = 5;
const QUERIES = 1000;
/** Every fifth query is a stranger. */
const STRANGERS = 5;
const LIMIT = 10;
const M = 16;
const EF_CONSTRUCTION = 200;
const EFS = [40, 80, 160, 320];
const FACE_TO_CENTRE = Math.sqrt(0.7);
const GENUINE_COSINE = 0.5;
const THRESHOLDS = [0.5, 0.4, 0.3];
const ROUNDS = { rounds: 11, roundMs: 100 };

const [kernel] = kernels();
const random = seeded(1);
const people = Math.ceil(ROWS / FACES_EACH);
const centres = Array.from({ length: people }, () => direction(random, DIMENSION));
const rows = new Float32Array(ROWS * DIMENSION);
for (let i = 0; i < ROWS; i++)
  rows.set(near(random, centres[Math.floor(i / FACES_EACH)], FACE_TO_CENTRE), i * DIMENSION);
const row = (i) => rows.subarray(i * DIMENSION, (i + 1) * DIMENSION);
const queries = Array.from({ length: QUERIES }, (_, i) =>
  i % STRANGERS === 0
    ? direction(random, DIMENSION)
    : near(random, centres[(i * 37) % people], FACE_TO_CENTRE),
);

/** The best rows by a scan of them all. */
const live = new Uint8Array(ROWS).fill(1);
const truth = queries.map((query) => {
  const ordinals = new Uint32Array(LIMIT);
  const scores = new Float32Array(LIMIT);
  kernel.topK(query, rows, live, -2, ordinals, scores);
  return Array.from(ordinals, (i, at) => ({ i, cosine: scores[at] }));
});

/** Microseconds of wall and of processor time for each of `count` things that `run` does. */
async function cost(count, run) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return {
    wallUs: ((performance.now() - started) * 1e3) / count,
    cpuUs: (user + system) / count,
  };
}

const { Table, Graph } = loadNativeIndex();
const table = new Table({ dimension: DIMENSION });
// All on this thread, so that both engines are measured alike; the build uses all threads.
const graph = new Graph(table, {
  m: M,
  efConstruction: EF_CONSTRUCTION,
  inlineMicroseconds: Infinity,
});
for (let segment = 0; segmentBase(segment) < ROWS; segment++)
  table.addSegment(new Float32Array(new SharedArrayBuffer(segmentRows(segment) * DIMENSION * 4)));
for (let i = 0; i < ROWS; i++) table.put(i, row(i));
graph.give(Uint32Array.from({ length: ROWS }, (_, i) => i));
const index = new hnswlib.HierarchicalNSW('ip', DIMENSION);
index.initIndex(ROWS, M, EF_CONSTRUCTION);
const build = {
  likeness: await cost(ROWS, async () => {
    while (graph.pending > 0) await graph.link(1024);
  }),
  'hnswlib-node': await cost(ROWS, () => {
    for (let i = 0; i < ROWS; i++) index.addPoint(Array.from(row(i)), i);
  }),
};
console.table(build);

const limits = Uint32Array.of(LIMIT);
const floors = Float64Array.of(-2);
const engines = {
  // Scores of the vectors themselves, as the service uses them.
  likeness: (query, ef) =>
    graph.search(query, limits, floors, undefined, Uint32Array.of(ef), ef, 1).ordinals,
  'hnswlib-node': (query, ef) => {
    index.setEf(ef);
    return index.searchKnn(Array.from(query), LIMIT).neighbors;
  },
};

/** Share of the true best that a search returns, of all and of those of the same person; slow searches. */
function quality(search) {
  const counts = { all: 0, found: 0, genuine: 0, genuineFound: 0 };
  const times = [];
  for (const [q, query] of queries.entries()) {
    const started = performance.now();
    const found = new Set(search(query));
    times.push((performance.now() - started) * 1e3);
    for (const { i, cosine } of truth[q]) {
      const genuine = cosine >= GENUINE_COSINE ? 1 : 0;
      const hit = found.has(i) ? 1 : 0;
      counts.all += 1;
      counts.found += hit;
      counts.genuine += genuine;
      counts.genuineFound += genuine * hit;
    }
  }
  times.sort((a, b) => a - b);
  return {
    recall: counts.found / counts.all,
    genuineRecall: counts.genuineFound / counts.genuine,
    p50Us: times[Math.floor(QUERIES * 0.5)],
    p99Us: times[Math.floor(QUERIES * 0.99)],
  };
}

const search = [];
for (const ef of EFS) {
  const variants = Object.entries(engines).map(([name, run]) => [
    name,
    (i) => run(queries[i % QUERIES], ef),
  ]);
  const times = await interleaved(Object.fromEntries(variants), ROUNDS);
  for (const [name, run] of Object.entries(engines))
    search.push({ ef, engine: name, ...times[name], ...quality((query) => run(query, ef)) });
}
for (const result of search) {
  const peer = search.find(({ ef, engine }) => ef === result.ef && engine === 'hnswlib-node');
  result.timesFasterThanPeer = peer.medianUs / result.medianUs;
}
console.table(search, [
  'ef',
  'engine',
  'medianUs',
  'p99Us',
  'recall',
  'genuineRecall',
  'timesFasterThanPeer',
]);
graph.dispose();
index.initIndex(1);

/** All faces as one collection that never changes. */
const source = {
  tags: async () => ({}),
  changes: async () => ({ changes: [], complete: true }),
  async *vectors() {
    for (let start = 0; start < ROWS; start += 2000) {
      const end = Math.min(ROWS, start + 2000);
      const keys = Array.from({ length: end - start }, (_, i) => `${start + i}`);
      yield {
        sequence: 1,
        kind: 'face',
        keys,
        rows: rows.slice(start * DIMENSION, end * DIMENSION),
      };
    }
  },
};
const collection = { collectionId: 'faces', dimension: DIMENSION };
async function service(engine) {
  const vectors = createVectors(source, { engine, flatLimits: { face: 1000, user: 1000 } });
  const ready = await cost(ROWS, async () => {
    await vectors.reach(collection, 1);
    while (vectors.status().pending > 0) await new Promise((done) => setTimeout(done, 5));
  });
  return { vectors, ready };
}
const exact = await service('flat');
const hnsw = await service('hnsw');
const ask = ({ vectors }, query, minCosine) =>
  vectors.search(collection, { kind: 'face', query, limit: 4096, minCosine }, 1);

const thresholds = [];
for (const minCosine of THRESHOLDS) {
  const counts = { matches: 0, missed: 0, incompleteQueries: 0 };
  for (const query of queries) {
    const want = await ask(exact, query, minCosine);
    const found = new Set((await ask(hnsw, query, minCosine)).map(({ key }) => key));
    const missed = want.filter(({ key }) => !found.has(key)).length;
    counts.matches += want.length;
    counts.missed += missed;
    counts.incompleteQueries += missed > 0 ? 1 : 0;
  }
  const times = await interleaved(
    {
      exact: (i) => ask(exact, queries[i % QUERIES], minCosine),
      hnsw: (i) => ask(hnsw, queries[i % QUERIES], minCosine),
    },
    ROUNDS,
  );
  const completeShare = 1 - counts.incompleteQueries / QUERIES;
  thresholds.push({
    minCosine,
    ...counts,
    completeShare,
    exactUs: times.exact.medianUs,
    hnswUs: times.hnsw.medianUs,
  });
}
console.table(thresholds);
await Promise.all([exact.vectors.close(), hnsw.vectors.close()]);

save(`graph-${DIMENSION}`, {
  question: `a graph of ${ROWS} vectors of ${DIMENSION} dimensions: build, search, matches above a cosine`,
  m: M,
  efConstruction: EF_CONSTRUCTION,
  queries: QUERIES,
  ...ROUNDS,
  build,
  search,
  service: { ready: hnsw.ready, thresholds },
});
