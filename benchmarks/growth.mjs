// How do insert, search, memory and restart grow with a collection? For each size a process of its own builds the
// index of the service and writes its snapshot, and another one starts from it.
// Run `npx tsc -p .` first, then `node benchmarks/growth.mjs [dimension] [sizes] [folder]`, such as `512 10000,100000`;
// in a folder that is named the snapshots stay, and those that are there are not built again. The default, 512 and 10,000 to 1,000,000, takes a quarter of an hour on
// two cores, 3 GB on the disk and 5 GB of memory.

import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createVectors } from '../dist/vectors/create.js';
import { save } from './measuring.mjs';
import {
  collectionOf,
  Faces,
  genuineRecall,
  MATCH_COSINE,
  queriesOf,
  sourceOf,
} from './people.mjs';

const QUERIES = 1000;
const LIMIT = 10;
const PROJECTED = 20_000_000;
const FLAT_LIMITS = { face: 32_000, user: 100_000 };

function open(faces, rows, options = {}) {
  const notes = [];
  const { directory, ...rest } = options;
  const vectors = createVectors(sourceOf(faces, rows), {
    flatLimits: FLAT_LIMITS,
    engine: 'auto',
    log: (message, details) => notes.push({ message, ...details }),
    ...(directory && { snapshots: { directory, closeMs: 600_000, tuning: { checkMs: 1e9 } } }),
    ...rest,
  });
  return { vectors, notes };
}

/** Wall and processor seconds of some work. */
async function cost(work) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wallS: (performance.now() - started) / 1e3, cpuS: (user + system) / 1e6 };
}

/** Matches of every query, and what each took. */
async function searched(vectors, dimension, rows, queries) {
  const found = [];
  const times = [];
  for (const { query } of queries) {
    const started = performance.now();
    const request = { kind: 'face', query, limit: LIMIT, minCosine: MATCH_COSINE };
    found.push(await vectors.search(collectionOf(dimension), request, rows));
    times.push((performance.now() - started) * 1e3);
  }
  return { found, times: times.toSorted((a, b) => a - b) };
}

const keysOf = (matches) => matches.map(({ key }) => key);

async function build(dimension, rows, directory) {
  const faces = new Faces(dimension);
  const made = await cost(async () => {
    for await (const _ of sourceOf(faces, Math.min(rows, 20_000)).vectors());
  });
  globalThis.gc?.();
  const emptyBytes = process.memoryUsage.rss();
  const { vectors, notes } = open(faces, rows, { directory });
  const insert = await cost(async () => {
    await vectors.reach(collectionOf(dimension), rows);
    while (vectors.status().pending > 0) await sleep(20);
  });
  // Making the vectors is not part of it.
  const makingS = (made.cpuS / Math.min(rows, 20_000)) * rows;
  globalThis.gc?.();
  const usedBytes = process.memoryUsage.rss() - emptyBytes;
  const snapshot = await cost(() => vectors.close());
  const written = notes.find(({ message }) => message === 'a snapshot was written');
  return {
    // Of few rows it is less than can be told apart from making them.
    insertCpuUs: Math.max(0, ((insert.cpuS - makingS) / rows) * 1e6),
    insertWallUs: (insert.wallS / rows) * 1e6,
    bytesPerVector: usedBytes / rows,
    snapshotS: snapshot.wallS,
    snapshotBytes: written?.bytes,
  };
}

/** Searches of an index from its snapshot, beside an exact scan of the same rows. */
async function search(dimension, rows, directory) {
  const faces = new Faces(dimension);
  const queries = queriesOf(faces, rows, QUERIES);
  const { vectors } = open(faces, rows, { directory });
  await searched(vectors, dimension, rows, queries.slice(0, 50));
  const cpu = process.cpuUsage();
  const { found, times } = await searched(vectors, dimension, rows, queries);
  const { user, system } = process.cpuUsage(cpu);
  await vectors.close();
  const { vectors: flat } = open(faces, rows, { directory, engine: 'flat' });
  await searched(flat, dimension, rows, queries.slice(0, 20));
  const { found: truth, times: flatTimes } = await searched(flat, dimension, rows, queries);
  await flat.close();
  const same = truth.filter((matches, i) => `${keysOf(matches)}` === `${keysOf(found[i])}`);
  return {
    searchP50Us: times[Math.floor(QUERIES * 0.5)],
    searchP99Us: times[Math.floor(QUERIES * 0.99)],
    searchCpuUs: (user + system) / QUERIES,
    exactP50Us: flatTimes[Math.floor(QUERIES * 0.5)],
    sameAsExact: same.length / QUERIES,
    genuineRecall: genuineRecall(queries, found.map(keysOf), truth.map(keysOf)),
  };
}

/** From nothing to searchable, and what it found on the way. */
async function restart(dimension, rows, directory, memory) {
  const faces = new Faces(dimension);
  const queries = queriesOf(faces, rows, 20);
  const emptyBytes = process.memoryUsage.rss();
  const { vectors } = open(faces, rows, { directory, memory });
  const ready = await cost(async () => {
    await vectors.reach(collectionOf(dimension), rows);
    while (vectors.status().pending > 0) await sleep(1);
  });
  const { times } = await searched(vectors, dimension, rows, queries);
  const { snapshots, readFromStore } = vectors.status();
  if (snapshots?.restored !== 1 || readFromStore !== 0)
    throw new Error('the snapshot was not used');
  const bytesPerVector = (process.memoryUsage.rss() - emptyBytes) / rows;
  await vectors.close();
  return {
    readyS: ready.wallS,
    readyCpuS: ready.cpuS,
    firstSearchUs: times.at(-1),
    bytesPerVector,
  };
}

/** So that files come from the disk; only root may, and elsewhere what is measured is the file cache. */
function forgetFiles() {
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
    return true;
  } catch {
    return false;
  }
}

async function child(...args) {
  const options = ['--expose-gc', '--max-old-space-size=8192', import.meta.filename];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...options, ...args.map(String)],
    {
      maxBuffer: 1 << 24,
    },
  );
  return JSON.parse(stdout);
}

/** What a straight line over the logarithm of the size through the last two sizes says of a larger one. */
function projected(results, field, rows) {
  const [a, b] = results.slice(-2);
  const slope = (b[field] - a[field]) / Math.log(b.rows / a.rows);
  return b[field] + slope * Math.log(rows / b.rows);
}

function projection(results) {
  const last = results.at(-1);
  const times = PROJECTED / last.rows;
  return {
    rows: PROJECTED,
    how: 'insert and search: a line over log(rows) through the last two sizes; the rest in proportion to the last',
    insertCpuUs: projected(results, 'insertCpuUs', PROJECTED),
    searchP50Us: projected(results, 'searchP50Us', PROJECTED),
    exactP50Us: last.exactP50Us * times,
    memoryGB: (last.bytesPerVector * PROJECTED) / 1e9,
    mappedMemoryGB: (last.mapped.bytesPerVector * PROJECTED) / 1e9,
    snapshotGB: (last.snapshotBytes * times) / 1e9,
    snapshotS: last.snapshotS * times,
    readyS: last.restart.readyS * times,
  };
}

/** Starts from the snapshot of a folder: from the disk, from the file cache, and with rows that stay in the file. */
async function restarts(dimension, rows, directory) {
  const file = join(
    directory,
    readdirSync(directory).find((name) => name.endsWith('.snapshot')),
  );
  const fromDisk = forgetFiles();
  return {
    snapshotBytes: statSync(file).size,
    fromDisk,
    restart: await child('restart', dimension, rows, directory, 'ram'),
    restartCached: await child('restart', dimension, rows, directory, 'ram'),
    mapped: await child('restart', dimension, rows, directory, 'mapped'),
  };
}

async function all(dimension, sizes, kept) {
  const results = [];
  for (const rows of sizes) {
    const directory = kept
      ? join(kept, `${dimension}-${rows}`)
      : mkdtempSync(join(tmpdir(), 'likeness-growth-'));
    try {
      mkdirSync(directory, { recursive: true });
      const made = join(directory, 'build.json');
      if (!existsSync(made))
        writeFileSync(made, JSON.stringify(await child('build', dimension, rows, directory)));
      const built = JSON.parse(readFileSync(made, 'utf8'));
      const searches = await child('search', dimension, rows, directory);
      const restarted = await restarts(dimension, rows, directory);
      results.push({ rows, ...built, ...searches, ...restarted });
      console.log(JSON.stringify(results.at(-1)));
    } finally {
      if (!kept) rmSync(directory, { recursive: true });
    }
  }
  const seen = results.length > 1 ? { projection: projection(results) } : {};
  console.log(JSON.stringify(seen));
  save(`growth-${dimension}`, { dimension, limit: LIMIT, results, ...seen });
}

const [, , mode, ...rest] = process.argv;
if (mode === 'build') {
  const [dimension, rows, directory] = rest;
  process.stdout.write(JSON.stringify(await build(Number(dimension), Number(rows), directory)));
} else if (mode === 'search') {
  const [dimension, rows, directory] = rest;
  process.stdout.write(JSON.stringify(await search(Number(dimension), Number(rows), directory)));
} else if (mode === 'restart') {
  const [dimension, rows, directory, kind] = rest;
  const memory = kind === 'mapped' ? { kind, directory } : { kind };
  process.stdout.write(
    JSON.stringify(await restart(Number(dimension), Number(rows), directory, memory)),
  );
} else {
  const sizes = (rest[0] ?? '10000,100000,1000000').split(',').map(Number);
  await all(Number(mode ?? 512), sizes, rest[1]);
}
