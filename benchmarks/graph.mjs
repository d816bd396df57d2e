// What does it cost to build a search graph and to search it, beside hnswlib-node and usearch at equal recall; how near
// is a search to what reading the same rows at random costs; and does the service's hnsw engine miss matches above a
// cosine that its exact scan finds?
// Run `npx tsc -p .` first, then `node benchmarks/graph.mjs [rows] [dimension]`; 100,000 × 512 take about eight minutes,
// nearly all of it the builds of the peers.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import hnswlib from 'hnswlib-node';
import { createVectors } from '../dist/vectors/create.js';
import { kernels } from '../dist/vectors/kernels.js';
import { segmentBase, segmentRows } from '../dist/vectors/segments.js';
import { loadNativeIndex } from '../dist/vectors/table.js';
import {
  atRecall,
  direction,
  interleaved,
  near,
  save,
  seeded,
  withHugePages,
} from './measuring.mjs';
import { peer } from './peers.mjs';

withHugePages();

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
/** One step farther, so that a peer that needs more candidates is seen to reach the same recall. */
const PEER_EFS = [...EFS, 640];
const FACE_TO_CENTRE = Math.sqrt(0.7);
const GENUINE_COSINE = 0.5;
const THRESHOLDS = [0.5, 0.4, 0.3];
const ROUNDS = { rounds: 11, roundMs: 100, clock: 'cpu' };
/** Rows that a search of the graph reads at random are asked for together, so many at a time. */
const GATHERED = 4096;

const [kernel] = kernels();
const usearch = await peer('usearch');
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

/** Our graph. All searches on this thread, so that all engines are measured alike; the build uses all threads. */
async function ours() {
  const { Table, Graph } = loadNativeIndex();
  const table = new Table({ dimension: DIMENSION });
  const graph = new Graph(table, {
    m: M,
    efConstruction: EF_CONSTRUCTION,
    inlineMicroseconds: Infinity,
  });
  for (let segment = 0; segmentBase(segment) < ROWS; segment++)
    table.addSegment(new Float32Array(new SharedArrayBuffer(segmentRows(segment) * DIMENSION * 4)));
  for (let i = 0; i < ROWS; i++) table.put(i, row(i));
  graph.give(Uint32Array.from({ length: ROWS }, (_, i) => i));
  const build = await cost(ROWS, async () => {
    while (graph.pending > 0) await graph.link(1024);
  });
  const limits = Uint32Array.of(LIMIT);
  const floors = Float64Array.of(-2);
  return {
    build,
    efs: EFS,
    scored: () => graph.scored,
    // Scores of the vectors themselves, as the service uses them.
    searchWith: (ef) => (query) =>
      graph.search(query, limits, floors, undefined, Uint32Array.of(ef), ef, 1).ordinals,
  };
}

async function hnswlibNode() {
  const index = new hnswlib.HierarchicalNSW('ip', DIMENSION);
  index.initIndex(ROWS, M, EF_CONSTRUCTION);
  const build = await cost(ROWS, () => {
    for (let i = 0; i < ROWS; i++) index.addPoint(Array.from(row(i)), i);
  });
  const arrays = new Map(queries.map((query) => [query, Array.from(query)]));
  return {
    build,
    efs: PEER_EFS,
    searchWith: (ef) => (query) => {
      index.setEf(ef);
      return index.searchKnn(arrays.get(query), LIMIT).neighbors;
    },
  };
}

/** Its candidates are fixed when an index is made: one is built and loaded again with each number. */
async function usearchWith(quantization) {
  const settings = {
    metric: 'ip',
    dimensions: DIMENSION,
    connectivity: M,
    quantization,
    expansion_add: EF_CONSTRUCTION,
  };
  const index = new usearch.Index(settings);
  const keys = BigUint64Array.from({ length: ROWS }, (_, i) => BigInt(i));
  const build = await cost(ROWS, () => index.add(keys, rows, 0));
  const folder = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
  const file = join(folder, 'index');
  index.save(file);
  const loaded = new Map(
    PEER_EFS.map((ef) => {
      const copy = new usearch.Index({ ...settings, expansion_search: ef });
      copy.load(file);
      return [ef, copy];
    }),
  );
  rmSync(folder, { recursive: true });
  return {
    build,
    efs: PEER_EFS,
    searchWith: (ef) => {
      const copy = loaded.get(ef);
      return (query) => Array.from(copy.search(query, LIMIT, 1).keys, Number);
    },
  };
}

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

const engines = { likeness: await ours(), 'hnswlib-node': await hnswlibNode() };
if (usearch) for (const kind of ['f16', 'i8']) engines[`usearch ${kind}`] = await usearchWith(kind);
const build = Object.fromEntries(
  Object.entries(engines).map(([name, engine]) => [
    name,
    { ...engine.build, timesOurCpu: engine.build.cpuUs / engines.likeness.build.cpuUs },
  ]),
);
console.table(build);

// Rows of as many bytes as a code, of a table as long: floats, because that is what the kernel gathers.
const readDimension = DIMENSION / 4;
const gathered = new Float32Array(ROWS * readDimension).fill(0.01);
// Others with every call, so that none lies in a cache because it was read before.
const reads = {
  query: new Float32Array(readDimension).fill(0.01),
  ordinals: Array.from({ length: Math.ceil((2 * ROWS) / GATHERED) }, () =>
    Uint32Array.from({ length: GATHERED }, () => Math.floor(random() * ROWS)),
  ),
  scores: new Float32Array(GATHERED),
};
const randomRead = (i) =>
  kernel.dotGather(reads.query, gathered, reads.ordinals[i % reads.ordinals.length], reads.scores);

const variants = Object.entries(engines).flatMap(([engine, { efs, searchWith }]) =>
  efs.map((ef) => ({ engine, ef, search: searchWith(ef) })),
);
const times = await interleaved(
  Object.fromEntries([
    ['a random read', randomRead],
    ...variants.map(({ engine, ef, search }) => [
      `${engine} ${ef}`,
      (i) => search(queries[i % QUERIES]),
    ]),
  ]),
  ROUNDS,
);
const readUs = times['a random read'].medianUs / GATHERED;
const search = variants.map(({ engine, ef, search: run }) => {
  const scoredBefore = engines[engine].scored?.();
  const result = { engine, ef, ...times[`${engine} ${ef}`], ...quality(run) };
  if (scoredBefore === undefined) return result;
  const scoredRows = (engines[engine].scored() - scoredBefore) / QUERIES;
  return { ...result, scoredRows, shareOfRandomRead: (scoredRows * readUs) / result.medianUs };
});
for (const result of search.filter(({ engine }) => engine === 'likeness'))
  for (const name of Object.keys(engines).filter((other) => other !== 'likeness')) {
    const peers = search.filter(({ engine }) => engine === name);
    const peerUs = atRecall(peers, result.recall);
    result[`times ${name}`] = peerUs && peerUs / result.medianUs;
  }
console.table(search, [
  'engine',
  'ef',
  'medianUs',
  'p99Us',
  'recall',
  'genuineRecall',
  'scoredRows',
  'shareOfRandomRead',
  ...Object.keys(engines).map((name) => `times ${name}`),
]);

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
  const compared = await interleaved(
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
    exactUs: compared.exact.medianUs,
    hnswUs: compared.hnsw.medianUs,
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
  randomReadUs: readUs,
  build,
  search,
  service: { ready: hnsw.ready, thresholds },
});
