// How near to the memory's own speed is the exact search of 100,000 rows, and how far from its peers? And what does one
// cost of 64 that come in together? The table of rows
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
/** Queries of one call, as many as the service puts together at most. */
const TOGETHER = 64;
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

const ours = (kernel) => `exact by codes (${kernel.coded.name})`;

/** The same for many queries in one call, of ours and of the peer that takes many. */
function searchesTogether({ table, faces, queries }) {
  const dimension = faces[0].length;
  const joined = new Float32Array(TOGETHER * dimension);
  for (let i = 0; i < TOGETHER; i++) joined.set(queries[i % QUERIES], i * dimension);
  const most = new Uint32Array(TOGETHER).fill(LIMIT);
  const least = new Float64Array(TOGETHER).fill(-1);
  const searches = { [TOGETHER_OURS]: () => table.search(joined, most, least) };
  if (usearch) {
    const rows = joinedRows(faces);
    searches[TOGETHER_USEARCH] = () =>
      usearch.exactSearch(rows, joined, dimension, LIMIT, usearch.MetricKind.IP, 1);
  }
  return searches;
}

const TOGETHER_OURS = `${TOGETHER} queries at once`;
const TOGETHER_USEARCH = `usearch exact search, ${TOGETHER} queries at once`;

function joinedRows(faces) {
  const rows = new Float32Array(faces.length * faces[0].length);
  for (const [i, face] of faces.entries()) rows.set(face, i * face.length);
  return rows;
}

/** Searches of the same rows; each returns { ordinals, scores }, or a promise of them. */
function searchesOf(faces, queries, table) {
  const dimension = faces[0].length;
  const [best] = kernels;
  const fallback = kernels.at(-1);
  const shape = { dimension, inlineMicroseconds: 1e9 };
  const portable = filled(new PortableTable(fallback, eager, shape), faces);
  const floats = joinedRows(faces);
  const live = new Uint8Array(ROWS).fill(1);
  const ordinals = new Uint32Array(LIMIT);
  const scores = new Float32Array(LIMIT);
  return {
    [ours(best)]: (i) => table.search(queries[i % QUERIES], limits, floors),
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
    const rows = joinedRows(faces);
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
  const table = filled(new native.Table({ dimension, inlineMicroseconds: 1e9 }), faces);
  const searches = searchesOf(faces, queries, table);
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
  const together = await interleaved(searchesTogether({ table, faces, queries }), ROUNDS);
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
  const [single] = rows.filter(({ variant }) => variant in searches);
  const each = (name) => together[name] && together[name].medianUs / TOGETHER;
  const bestPeerUs = Math.min(...Object.keys(peers).map((name) => times[name].medianUs));
  const answer = {
    shareOfRead: single.shareOfRead,
    timesBestPeer: bestPeerUs / single.medianUs,
    togetherUs: each(TOGETHER_OURS),
    togetherTimesSingle: single.medianUs / each(TOGETHER_OURS),
    ...(usearch && { togetherTimesUsearch: each(TOGETHER_USEARCH) / each(TOGETHER_OURS) }),
    togetherTimesBestPeer:
      Math.min(bestPeerUs, each(TOGETHER_USEARCH) ?? Infinity) / each(TOGETHER_OURS),
  };
  return { dimension, answer, rows, together };
}

const trials = [];
for (const dimension of DIMENSIONS) {
  const done = await trial(dimension);
  trials.push(done);
  const single = done.rows.find(({ variant }) => variant.startsWith('exact'));
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
          '× exact by codes': (row.medianUs / single.medianUs).toFixed(1),
        },
      ]),
    ),
  );
  console.log(`${TOGETHER} in one call:`, done.answer);
}
save('scan', {
  question: `the best ${LIMIT} of ${ROWS} rows, exactly`,
  ...ROUNDS,
  queries: QUERIES,
  trials,
});
