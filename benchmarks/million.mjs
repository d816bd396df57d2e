// With a million faces: how fast is a search beside hnswlib-node over the same links, so at equal quality of the graph;
// and how late does the event loop run while 150 searches a second come in? hnswlib-node would need an hour to build
// such a graph; it is given the links of ours in a file of its own format.
// Run `npx tsc -p .` first, then `node benchmarks/million.mjs [dimension] [rows] [folder]`, where the folder is what
// `growth.mjs build` left behind: without it that is done first. Takes 10 GB of memory and 6 GB on the disk.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import hnswlib from 'hnswlib-node';
import { createVectors } from '../dist/vectors/create.js';
import { Pacer } from '../dist/vectors/pacer.js';
import { rowMemory } from '../dist/vectors/row-memory.js';
import { segmentBase, segmentRows } from '../dist/vectors/segments.js';
import { loadNativeSnapshots } from '../dist/vectors/snapshot-file.js';
import { readIndex } from '../dist/vectors/snapshot-state.js';
import { loadNativeIndex } from '../dist/vectors/table.js';
import { atRecall, interleaved, save, withHugePages } from './measuring.mjs';
import { collectionOf, Faces, MATCH_COSINE, queriesOf, sourceOf } from './people.mjs';

withHugePages();

const [, , ...words] = process.argv;
const LIMIT = 10;
const EFS = [160, 320, 640];
const PEER_EFS = [160, 320, 640, 1280];
const QUERIES = 300;
const ROUNDS = { rounds: 7, roundMs: 200, clock: 'cpu' };
const MAX_LEVEL = 15;
const SEARCHES_PER_SECOND = 150;
const LOOP_SECONDS = 10;
const LOOP_ROUNDS = 2;
const METER_MS = 1;
/** What the service asks for at this size. */
const SERVICE_EF = 1200;

/** Parts of the snapshot of a folder. */
async function opened(directory, dimension) {
  const native = { ...loadNativeSnapshots(), ...loadNativeIndex() };
  const name = readdirSync(directory).find((each) => each.endsWith('.snapshot'));
  const reader = new native.Reader(join(directory, name));
  const { newSegment, mapped } = rowMemory();
  const tools = { native, pacer: new Pacer(), dimension, newSegment, mapped };
  return { reader, parts: await readIndex(reader, 'face', true, tools) };
}

/** The level of a node as native/graph/nodes.cc chooses it. */
function levelOf(id, m) {
  const bits = 0xffff_ffff_ffff_ffffn;
  let x = (BigInt(id) + 0x9e37_79b9_7f4a_7c15n) & bits;
  x = ((x ^ (x >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & bits;
  x = ((x ^ (x >> 27n)) * 0x94d0_49bb_1331_11ebn) & bits;
  x ^= x >> 31n;
  // native/graph/nodes.cc divides by one more, which no number is.
  const unit = (Number(x >> 11n) + 1) / 2 ** 53;
  return Math.min(MAX_LEVEL, Math.trunc(-Math.log(unit) / Math.log(m)));
}

/** Writes rows and links as hnswlib's saveIndex does (hnswalg.h of 0.8.0). */
async function exportLinks({ reader, parts }, rows, dimension, file) {
  const { m } = parts.graph;
  const output = openSync(file, 'w');
  const listBytes = (1 + 2 * m) * 4;
  const rowBytes = dimension * 4;
  const elementBytes = listBytes + rowBytes + 8;
  const levels = Uint8Array.from({ length: rows }, (_, id) => levelOf(id, m));
  const top = levels.reduce((a, b) => Math.max(a, b), 0);
  const header = Buffer.alloc(96);
  for (const [i, value] of [0, rows, rows, elementBytes, listBytes + rowBytes, listBytes].entries())
    header.writeBigUInt64LE(BigInt(value), i * 8);
  header.writeInt32LE(top, 48);
  header.writeUInt32LE(levels.indexOf(top), 52);
  for (const [i, value] of [m, 2 * m, m].entries())
    header.writeBigUInt64LE(BigInt(value), 56 + i * 8);
  header.writeDoubleLE(1 / Math.log(m), 80);
  header.writeBigUInt64LE(200n, 88);
  writeSync(output, header);
  const upper = [];
  for (let segment = 0; segmentBase(segment) < rows; segment++) {
    const base = segmentBase(segment);
    const count = Math.min(segmentRows(segment), rows - base);
    const name = `face.links.${segment}`;
    const { bytes } = reader.sections.find((each) => each.name === name);
    const links = new Uint32Array(bytes / 4);
    await reader.read(name, links);
    const elements = Buffer.alloc(count * elementBytes);
    const floats = new Uint8Array(
      parts.segments[segment].buffer,
      parts.segments[segment].byteOffset,
    );
    let at = 0;
    const list = (places, into, offset) => {
      let size = 0;
      for (let i = 0; i < places; i++) {
        const link = links[at++];
        if (link !== 0) into.writeUInt32LE(link - 1, offset + 4 * ++size);
      }
      into.writeUInt32LE(size, offset);
    };
    for (let row = 0; row < count; row++) {
      const offset = row * elementBytes;
      list(2 * m, elements, offset);
      elements.set(floats.subarray(row * rowBytes, (row + 1) * rowBytes), offset + listBytes);
      elements.writeBigUInt64LE(BigInt(base + row), offset + listBytes + rowBytes);
      const level = levels[base + row];
      const lists = Buffer.alloc(4 + level * (1 + m) * 4);
      lists.writeUInt32LE(lists.length - 4, 0);
      for (let i = 0; i < level; i++) list(m, lists, 4 + i * (1 + m) * 4);
      upper.push(lists);
    }
    writeSync(output, elements);
  }
  writeSync(output, Buffer.concat(upper));
  closeSync(output);
}

function hnswlibOf(file, dimension) {
  const index = new hnswlib.HierarchicalNSW('ip', dimension);
  index.readIndexSync(file);
  return index;
}

async function searches(directory, rows, dimension, file) {
  const source = await opened(directory, dimension);
  await exportLinks(source, rows, dimension, file);
  const { table, graph } = source.parts;
  const limits = Uint32Array.of(LIMIT);
  const floors = Float64Array.of(-2);
  const queries = queriesOf(new Faces(dimension), rows, QUERIES).map(({ query }) => query);
  const arrays = queries.map((query) => Array.from(query));
  const truth = [];
  for (const query of queries)
    truth.push(new Set((await table.search(query, limits, floors)).ordinals));
  const index = hnswlibOf(file, dimension);
  const ask = graph.native;
  // On this thread, as hnswlib-node does.
  const inline = (i, ef) =>
    ask.search(queries[i], limits, floors, undefined, Uint32Array.of(ef), ef, 1);
  const variants = [
    ...EFS.map((ef) => ({
      engine: 'likeness',
      ef,
      search: async (i) => (await inline(i, ef)).ordinals,
    })),
    ...PEER_EFS.map((ef) => ({
      engine: 'hnswlib-node',
      ef,
      search: async (i) => {
        index.setEf(ef);
        return index.searchKnn(arrays[i], LIMIT).neighbors;
      },
    })),
  ];
  const times = await interleaved(
    Object.fromEntries(
      variants.map(({ engine, ef, search }) => [`${engine} ${ef}`, (i) => search(i % QUERIES)]),
    ),
    ROUNDS,
  );
  const results = [];
  for (const { engine, ef, search } of variants) {
    let found = 0;
    for (const [i, want] of truth.entries())
      for (const ordinal of await search(i)) if (want.has(ordinal)) found++;
    results.push({ engine, ef, ...times[`${engine} ${ef}`], recall: found / (QUERIES * LIMIT) });
  }
  for (const result of results.filter(({ engine }) => engine === 'likeness')) {
    const peerUs = atRecall(
      results.filter(({ engine }) => engine === 'hnswlib-node'),
      result.recall,
    );
    result.timesHnswlibNode = peerUs && peerUs / result.medianUs;
  }
  return results;
}

/** How late the loop runs and what searches take while they come in without waiting for each other. */
async function loop(engine, { directory, rows, dimension, file }) {
  const queries = queriesOf(new Faces(dimension), rows, QUERIES).map(({ query }) => query);
  let search;
  let close = async () => undefined;
  if (engine === 'likeness') {
    const vectors = createVectors(sourceOf(new Faces(dimension), rows), {
      engine: 'hnsw',
      flatLimits: { face: 1000, user: 1000 },
      snapshots: { directory, closeMs: 1000, tuning: { checkMs: 1e9 } },
    });
    await vectors.reach(collectionOf(dimension), rows);
    close = () => vectors.close();
    search = (query) =>
      vectors.search(
        collectionOf(dimension),
        { kind: 'face', query, limit: LIMIT, minCosine: MATCH_COSINE },
        rows,
      );
  } else if (engine === 'hnswlib-node') {
    const index = hnswlibOf(file, dimension);
    index.setEf(SERVICE_EF);
    search = async (query) => index.searchKnn(Array.from(query), LIMIT);
  } else search = async () => undefined;
  for (const query of queries.slice(0, 50)) await search(query);
  const meter = monitorEventLoopDelay({ resolution: METER_MS });
  const latencies = [];
  let failed = 0;
  const started = performance.now();
  meter.enable();
  let sent = 0;
  await new Promise((done) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - started;
      for (; sent < (elapsed / 1000) * SEARCHES_PER_SECOND; sent++) {
        const asked = performance.now();
        search(queries[sent % QUERIES]).then(
          () => latencies.push(performance.now() - asked),
          () => failed++,
        );
      }
      if (elapsed < LOOP_SECONDS * 1000) return;
      clearInterval(timer);
      done();
    }, 1);
  });
  meter.disable();
  const late = (share) => Math.max(0, meter.percentile(share) / 1e6 - METER_MS);
  await new Promise((wait) => setTimeout(wait, 500));
  latencies.sort((a, b) => a - b);
  const latency = (share) => latencies[Math.floor((latencies.length - 1) * share)];
  const figures = {
    p50LateMs: late(50),
    p99LateMs: late(99),
    maxLateMs: Math.max(0, meter.max / 1e6 - METER_MS),
    p50Ms: latency(0.5),
    p99Ms: latency(0.99),
    answered: latencies.length,
    failed,
  };
  await close();
  return figures;
}

function child(...args) {
  const options = ['--max-old-space-size=8192', import.meta.filename, ...args.map(String)];
  return JSON.parse(execFileSync(process.execPath, options, { maxBuffer: 1 << 24 }));
}

async function all(dimension, rows, given) {
  const scratch = mkdtempSync(join(tmpdir(), 'likeness-million-'));
  try {
    const directory = given ?? scratch;
    if (!given) {
      const growth = join(import.meta.dirname, 'growth.mjs');
      const options = ['--expose-gc', '--max-old-space-size=8192', growth];
      execFileSync(process.execPath, [...options, 'build', dimension, rows, scratch].map(String));
    }
    const file = join(scratch, 'links.hnswlib');
    const search = child('searches', directory, rows, dimension, file);
    console.table(search);
    const loops = [];
    for (let round = 0; round < LOOP_ROUNDS; round++)
      for (const engine of ['idle', 'likeness', 'hnswlib-node'])
        loops.push({ engine, ...child('loop', engine, directory, rows, dimension, file) });
    console.table(loops);
    save(`million-${dimension}`, {
      question: `search of ${rows} vectors of ${dimension} dimensions beside hnswlib-node over the same links; event loop under ${SEARCHES_PER_SECOND} searches a second`,
      rows,
      limit: LIMIT,
      queries: QUERIES,
      ...ROUNDS,
      search,
      searchesPerSecond: SEARCHES_PER_SECOND,
      secondsPerRound: LOOP_SECONDS,
      loops,
    });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

if (words[0] === 'searches') {
  const [, directory, rows, dimension, file] = words;
  const results = await searches(directory, Number(rows), Number(dimension), file);
  process.stdout.write(JSON.stringify(results), () => process.exit());
} else if (words[0] === 'loop') {
  const [, engine, directory, rows, dimension, file] = words;
  const what = { directory, rows: Number(rows), dimension: Number(dimension), file };
  const figures = await loop(engine, what);
  process.stdout.write(JSON.stringify(figures), () => process.exit());
} else await all(Number(words[0] ?? 512), Number(words[1] ?? 1_000_000), words[2]);
