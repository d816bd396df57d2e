// How near to the memory's own speed is the exact search of 100,000 rows, and how far from its peers? The table of rows
// that the service scans, by codes, natively and with the WebAssembly fallback, and the rows' floats alone, beside a
// plain read (memchr) of as many bytes, hnswlib-node's brute force, usearch's exact search and sqlite-vec, all in
// turn (A B A B) on one thread.
// `node benchmarks/scan.mjs [rows]` after `npm run build`; `npm run bench` installs usearch and sqlite-vec.

import Database from 'better-sqlite3';
import hnswlib from 'hnswlib-node';
import { loadKernels } from '../dist/vectors/kernels.js';
import { PortableTable } from '../dist/vectors/portable-table.js';
import { segmentBase, segmentRows } from '../dist/vectors/segments.js';
import { loadNativeIndex } from '../dist/vectors/table.js';
import { direction, interleaved, near, save, seeded, withHugePages } from './measuring.mjs';
import { peer } from './peers.mjs';

withHugePages();

const ROWS = Number(process.argv[2] ?? 100_000);
const PEOPLE = ROWS / 5;
const DIMENSIONS = [512, 128];
const QUERIES = 50;
const LIMIT = 10;
const FACE_TO_CENTRE = Math.sqrt(0.7);
const ROUNDS = { rounds: 11, roundMs: 60, clock: 'cpu' };

const { kernels, kernelProblem } = loadKernels();
if (kernelProblem) throw kernelProblem;
const native = loadNativeIndex();
if (!native) throw new Error('the addon is missing: build it first');
const usearch = await peer('usearch');
const sqliteVec = await peer('sqlite-vec');

/** Never waits: what is measured is the scan alone, on this thread. */
const eager = { hasTime: () => true, step: async () => undefined };
const limits = Uint32Array.of(LIMIT);
const floors = Float64Array.of(-1);

function filled(table, faces) {
  const dimension = faces[0].length;
  for (let segment = 0; segmentBase(segment) < ROWS; segment++) {
    const bytes = segmentRows(segment) * dimension * Float32Array.BYTES_PER_ELEMENT;
    table.addSegment(new Float32Array(new SharedArrayBuffer(bytes)));
  }
  for (const [i, face] of faces.entries()) table.put(i, face);
  return table;
}

/** Searches of the same rows; each returns { ordinals, scores }, or a promise of them. */
function searchesOf(faces, queries) {
  const dimension = faces[0].length;
  const [best] = kernels;
  const fallback = kernels.at(-1);
  const shape = { dimension, inlineMicroseconds: 1e9 };
  const table = filled(new native.Table(shape), faces);
  const portable = filled(new PortableTable(fallback, eager, shape), faces);
  const floats = new Float32Array(ROWS * dimension);
  for (const [i, face] of faces.entries()) floats.set(face, i * dimension);
  const live = new Uint8Array(ROWS).fill(1);
  const ordinals = new Uint32Array(LIMIT);
  const scores = new Float32Array(LIMIT);
  return {
    [`exact by codes (${best.coded.name})`]: (i) =>
      table.search(queries[i % QUERIES], limits, floors),
    [`exact by floats (${best.name})`]: (i) => {
      best.topK(queries[i % QUERIES], floats, live, -1, ordinals, scores);
      return { ordinals: ordinals.slice(), scores: scores.slice() };
    },
    [`exact by codes (${fallback.name})`]: (i) =>
      portable.search(queries[i % QUERIES], limits, floors),
  };
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
    const [{ ordinals, scores }] = found;
    for (const other of found)
      if (
        other.ordinals.join() !== ordinals.join() ||
        scores.some((score, at) => Math.abs(other.scores[at] - score) > 3e-7)
      )
        throw new Error(`query ${i}: ${other.ordinals.join()} instead of ${ordinals.join()}`);
    for (const [name, search] of Object.entries(peers))
      if (!search(i).map(Number).includes(ordinals[0]))
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
  const searches = searchesOf(faces, queries);
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
