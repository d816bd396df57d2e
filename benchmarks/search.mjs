// How fast, and how completely, are the faces most like a query found among 20,000?
// The exact scan and the hnswlib engine as the service runs them, beside hnswlib-node's own brute force
// and graph called directly. Run `npx tsc -p .` first, then `node benchmarks/search.mjs`.

import hnswlib from 'hnswlib-node';
import { createVectors } from '../dist/vectors/create.js';
import { direction, interleaved, near, save, seeded } from './measuring.mjs';

const DIMENSION = 128;
const PEOPLE = 4000;
const FACES_EACH = 5;
const QUERIES = 200;
const LIMIT = 10;
/** Two faces of one person are at a cosine of about 0.7; strangers rarely reach 0.4. */
const FACE_TO_CENTRE = Math.sqrt(0.7);
const GENUINE_COSINE = 0.5;
const EF = 160;
const ROUNDS = { rounds: 11, roundMs: 100 };

const random = seeded(1);
const centres = Array.from({ length: PEOPLE }, () => direction(random, DIMENSION));
const faces = centres.flatMap((centre) =>
  Array.from({ length: FACES_EACH }, () => near(random, centre, FACE_TO_CENTRE)),
);
const queries = Array.from({ length: QUERIES }, (_, i) => near(random, centres[i], FACE_TO_CENTRE));

/** All faces as one collection that never changes. */
const source = {
  tags: async () => ({}),
  changes: async () => ({ changes: [], complete: true }),
  async *vectors() {
    for (let start = 0; start < faces.length; start += 2000) {
      const some = faces.slice(start, start + 2000);
      const rows = new Float32Array(some.length * DIMENSION);
      for (const [i, face] of some.entries()) rows.set(face, i * DIMENSION);
      yield { sequence: 1, kind: 'face', keys: some.map((_, i) => `${start + i}`), rows };
    }
  },
};

async function service(engine) {
  const log = (message, details) => console.error(message, details);
  const vectors = createVectors(source, {
    engine,
    flatLimits: { face: 1000, user: 1000 },
    log,
  });
  const collection = { collectionId: 'faces', dimension: DIMENSION };
  const started = performance.now();
  await vectors.reach(collection, 1);
  while (vectors.status().pending > 0) await new Promise((done) => setTimeout(done, 10));
  const search = async (query) => {
    const request = { kind: 'face', query, limit: LIMIT, minCosine: -1 };
    return (await vectors.search(collection, request, 1)).map(({ key }) => Number(key));
  };
  return { vectors, search, readyMs: performance.now() - started };
}

/** hnswlib-node as one would use it alone, on this thread. */
function direct(index) {
  const started = performance.now();
  for (const [label, face] of faces.entries()) index.addPoint(Array.from(face), label);
  const search = (query) => index.searchKnn(Array.from(query), LIMIT).neighbors;
  return { search, readyMs: performance.now() - started };
}

const graphIndex = new hnswlib.HierarchicalNSW('ip', DIMENSION);
graphIndex.initIndex(faces.length, 16, 200);
graphIndex.setEf(EF);
const bruteIndex = new hnswlib.BruteforceSearch('ip', DIMENSION);
bruteIndex.initIndex(faces.length);

const exact = await service('flat');
const engine = await service('hnswlib');
const variants = {
  'likeness exact scan': exact,
  'likeness hnswlib engine': engine,
  'hnswlib-node brute force': direct(bruteIndex),
  'hnswlib-node graph': direct(graphIndex),
};

const truth = queries.map((query) =>
  faces
    .map((face, i) => ({ i, cosine: face.reduce((sum, value, j) => sum + value * query[j], 0) }))
    .toSorted((a, b) => b.cosine - a.cosine)
    .slice(0, LIMIT),
);

/** Share of the true best that a search returns: of all of them, and of those of the same person. */
async function recall(search) {
  const counts = { all: 0, found: 0, genuine: 0, genuineFound: 0 };
  for (const [q, query] of queries.entries()) {
    const found = new Set(await search(query));
    for (const { i, cosine } of truth[q]) {
      const genuine = cosine >= GENUINE_COSINE ? 1 : 0;
      const hit = found.has(i) ? 1 : 0;
      counts.all += 1;
      counts.found += hit;
      counts.genuine += genuine;
      counts.genuineFound += genuine * hit;
    }
  }
  return { recall: counts.found / counts.all, genuineRecall: counts.genuineFound / counts.genuine };
}

const times = await interleaved(
  Object.fromEntries(
    Object.entries(variants).map(([name, { search }]) => [
      name,
      (i) => search(queries[i % QUERIES]),
    ]),
  ),
  ROUNDS,
);
const rows = [];
for (const [variant, { search, readyMs }] of Object.entries(variants))
  rows.push({
    variant,
    ...times[variant],
    timesTheExactScan: times[variant].medianUs / times['likeness exact scan'].medianUs,
    ...(await recall(search)),
    readyMs,
  });
await Promise.all([exact.vectors.close(), engine.vectors.close()]);

console.log(`\nthe best ${LIMIT} of ${faces.length} faces, ${DIMENSION} dimensions`);
console.table(
  Object.fromEntries(
    rows.map((row) => [
      row.variant,
      {
        'µs a search': row.medianUs.toFixed(0),
        '× exact scan': row.timesTheExactScan.toFixed(2),
        'recall@10': row.recall.toFixed(4),
        'genuine recall': row.genuineRecall.toFixed(4),
        'ready after, ms': row.readyMs.toFixed(0),
      },
    ]),
  ),
);
save('search', {
  question: `the best ${LIMIT} of ${faces.length} vectors of ${DIMENSION} dimensions`,
  ef: EF,
  ...ROUNDS,
  rows,
});
