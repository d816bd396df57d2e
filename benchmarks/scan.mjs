// How near to the memory's own speed is the exact search of 100,000 rows, and how far from its peers? The exact engine
// as the service runs it, by codes and by floats, with the best native kernel and with the WebAssembly fallback, beside
// a plain read (memchr) of as many bytes, hnswlib-node's brute force, usearch's exact search and sqlite-vec, all in
// turn (A B A B) on one thread.
// `node benchmarks/scan.mjs [rows]` after `npm run build`; `npm run bench` installs usearch and sqlite-vec.

import Database from 'better-sqlite3';
import hnswlib from 'hnswlib-node';
import { Arena } from '../dist/vectors/arena.js';
import { exactEngine } from '../dist/vectors/exact.js';
import { loadKernels } from '../dist/vectors/kernels.js';
import { direction, interleaved, near, save, seeded } from './measuring.mjs';
import { peer } from './peers.mjs';

const ROWS = Number(process.argv[2] ?? 100_000);
const PEOPLE = ROWS / 5;
const DIMENSIONS = [512, 128];
const QUERIES = 50;
const LIMIT = 10;
const FACE_TO_CENTRE = Math.sqrt(0.7);
const ROUNDS = { rounds: 11, roundMs: 60 };

const { kernels, kernelProblem } = loadKernels();
if (kernelProblem) throw kernelProblem;
const usearch = await peer('usearch');
const sqliteVec = await peer('sqlite-vec');

/** Never waits: what is measured is the scan alone. */
const eager = { hasTime: () => true, step: async () => undefined };

function searchBy(kernel, faces, queries) {
  const arena = new Arena(faces[0].length, kernel);
  for (const [i, face] of faces.entries()) arena.put(String(i).padStart(6, '0'), face);
  const engine = exactEngine(arena, eager);
  return (i) => engine.search({ query: queries[i % QUERIES], limit: LIMIT, minCosine: -1 });
}

/** Looks through all bytes for one that is not there. */
function readOf(bytes) {
  const buffer = Buffer.alloc(bytes, 1);
  return () => {
    if (buffer.indexOf(0) !== -1) throw new Error('found what is not there');
  };
}

/** The same search by those peers that are installed: functions that return the labels found. */
function peersFor(faces, queries) {
  const dimension = faces[0].length;
  const brute = new hnswlib.BruteforceSearch('ip', dimension);
  brute.initIndex(faces.length);
  for (const [i, face] of faces.entries()) brute.addPoint(Array.from(face), i);
  const arrays = queries.map((query) => Array.from(query));
  const peers = {
    'hnswlib-node brute force': (i) => brute.searchKnn(arrays[i % QUERIES], LIMIT).neighbors,
  };
  if (usearch) {
    const rows = new Float32Array(faces.length * dimension);
    for (const [i, face] of faces.entries()) rows.set(face, i * dimension);
    const metric = usearch.MetricKind.IP;
    peers['usearch exact search'] = (i) => [
      ...usearch.exactSearch(rows, queries[i % QUERIES], dimension, LIMIT, metric, 1).keys,
    ];
  }
  if (sqliteVec) {
    const db = new Database(':memory:');
    sqliteVec.load(db);
    db.exec(`CREATE VIRTUAL TABLE faces USING vec0(embedding float[${dimension}])`);
    const insert = db.prepare('INSERT INTO faces(rowid, embedding) VALUES (?, ?)');
    db.transaction(() => {
      for (const [i, face] of faces.entries()) insert.run(BigInt(i), face);
    })();
    const nearest = db
      .prepare(`SELECT rowid FROM faces WHERE embedding MATCH ? AND k = ${LIMIT}`)
      .pluck();
    peers['sqlite-vec'] = (i) => nearest.all(queries[i % QUERIES]);
  }
  return peers;
}

/** Throws unless all searches return the same rows with the same scores, and every peer the same best row. */
async function checkEqual(searches, peers) {
  for (let i = 0; i < QUERIES; i++) {
    const found = await Promise.all(searches.map((search) => search(i)));
    const keys = found.map((matches) => matches.map(({ key }) => key).join());
    const apart = found[0].map(({ cosine }, at) =>
      Math.max(...found.map((matches) => Math.abs(matches[at].cosine - cosine))),
    );
    if (new Set(keys).size > 1 || Math.max(...apart) > 3e-7)
      throw new Error(`query ${i}: the searches differ: ${keys.join(' / ')}`);
    for (const [name, search] of Object.entries(peers))
      if (!search(i).map(Number).includes(Number(found[0][0].key)))
        throw new Error(`query ${i}: ${name} misses the best row`);
  }
}

async function trial(dimension) {
  const random = seeded(dimension);
  const centres = Array.from({ length: PEOPLE }, () => direction(random, dimension));
  const face = (i) => near(random, centres[i % PEOPLE], FACE_TO_CENTRE);
  const faces = Array.from({ length: ROWS }, (_, i) => face(i));
  // Four of five of people who are there, the others of strangers.
  const queries = Array.from({ length: QUERIES }, (_, i) =>
    i % 5 === 0 ? direction(random, dimension) : face(i),
  );
  const floatBytes = ROWS * dimension * 4;
  const codeBytes = ROWS * (dimension + 8 + 1);
  const searches = {};
  for (const kernel of [kernels[0], kernels.at(-1)]) {
    searches[`exact by codes (${kernel.coded.name})`] = searchBy(kernel, faces, queries);
    const floatsOnly = { ...kernel, coded: undefined };
    searches[`exact by floats (${kernel.name})`] = searchBy(floatsOnly, faces, queries);
  }
  const peers = peersFor(faces, queries);
  await checkEqual(Object.values(searches), peers);
  const times = await interleaved(
    {
      'memory read, as many bytes as codes': readOf(codeBytes),
      'memory read, as many bytes as floats': readOf(floatBytes),
      ...searches,
      ...peers,
    },
    ROUNDS,
  );
  const [readCodes, readFloats] = Object.values(times);
  const rows = Object.entries(times).map(([variant, { medianUs, minUs, p90Us }]) => {
    const byCodes = variant.includes('codes');
    return {
      variant,
      medianUs,
      minUs,
      p90Us,
      gigabytesPerSecond: (byCodes ? codeBytes : floatBytes) / medianUs / 1e3,
      shareOfRead: (byCodes ? readCodes : readFloats).medianUs / medianUs,
    };
  });
  const [ours] = rows.filter(({ variant }) => variant in searches);
  const bestPeerUs = Math.min(...Object.keys(peers).map((name) => times[name].medianUs));
  const answer = {
    shareOfRead: ours.shareOfRead,
    timesBestPeer: bestPeerUs / ours.medianUs,
  };
  return { dimension, answer, rows };
}

const trials = [];
for (const dimension of DIMENSIONS) {
  const done = await trial(dimension);
  trials.push(done);
  const ours = done.rows.find(({ variant }) => variant.startsWith('exact'));
  console.log(`\nthe best ${LIMIT} of ${ROWS} rows of ${dimension} dimensions, one thread`);
  console.table(
    Object.fromEntries(
      done.rows.map((row) => [
        row.variant,
        {
          'ms a search': (row.medianUs / 1e3).toFixed(2),
          'best round': (row.minUs / 1e3).toFixed(2),
          'GB/s': row.gigabytesPerSecond.toFixed(1),
          'share of the read': `${(row.shareOfRead * 100).toFixed(0)} %`,
          '× exact by codes': (row.medianUs / ours.medianUs).toFixed(1),
        },
      ]),
    ),
  );
}
save('scan', {
  question: `the best ${LIMIT} of ${ROWS} rows, exactly`,
  ...ROUNDS,
  queries: QUERIES,
  trials,
});
