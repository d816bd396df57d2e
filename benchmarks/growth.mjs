// How do insert, search, memory and restart grow with a collection? For each size a process of its own builds the
// index of the service and writes its snapshot, and another one starts from it.
// Run `npx tsc -p .` first, then `node benchmarks/growth.mjs [dimension] [sizes]`, such as `512 10000,100000`; the
// default, 512 and 10,000 to 1,000,000, takes a quarter of an hour on two cores, 3 GB on the disk and 5 GB of memory.

import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createVectors } from '../dist/vectors/create.js';
import { save, seeded } from './measuring.mjs';

const FACES_EACH = 5;
const FACE_TO_CENTRE = Math.sqrt(0.7);
const QUERIES = 400;
/** Every fifth query is a stranger. */
const STRANGERS = 5;
const LIMIT = 10;
const BATCH = 2048;
const PROJECTED = 20_000_000;
const NOISE = 1 << 20;
const FLAT_LIMITS = { face: 32_000, user: 100_000 };

/**
 * Face-like unit vectors, by number: a person's faces lie at a cosine of 0.7 to each other, components shrink by a
 * power law. Made from a table of Gaussian numbers, so that making a million costs seconds.
 */
class Faces {
  constructor(dimension) {
    const random = seeded(7);
    this.dimension = dimension;
    this.noise = Float32Array.from(
      { length: NOISE },
      () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()),
    );
    this.spectrum = Float32Array.from(
      { length: dimension },
      (_, i) => 1 / Math.sqrt(1 + (8 * i) / dimension),
    );
  }

  /** A direction of its own for each seed, written to `out`. */
  direction(seed, out) {
    const random = seeded(seed * 2_654_435_761);
    const start = Math.floor(random() * (NOISE - this.dimension));
    const other = Math.floor(random() * (NOISE - this.dimension));
    for (let i = 0; i < this.dimension; i++)
      out[i] = (this.noise[start + i] + this.noise[other + i]) * this.spectrum[i];
    return normalise(out);
  }

  /** At about this cosine from the centre of a person. */
  near(person, seed, out) {
    const centre = this.direction(person, new Float32Array(this.dimension));
    this.direction(seed, out);
    const away = Math.sqrt(1 - FACE_TO_CENTRE ** 2);
    for (let i = 0; i < this.dimension; i++) out[i] = FACE_TO_CENTRE * centre[i] + away * out[i];
    return normalise(out);
  }

  face(number, out) {
    return this.near(Math.floor(number / FACES_EACH), 1_000_000_007 + number, out);
  }
}

function normalise(vector) {
  let squared = 0;
  for (const value of vector) squared += value * value;
  const factor = 1 / Math.sqrt(squared);
  for (let i = 0; i < vector.length; i++) vector[i] *= factor;
  return vector;
}

const keyOf = (number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** A store with so many faces, which nobody changes. */
const sourceOf = (faces, rows) => ({
  async changes(_collectionId, after) {
    const last = { sequence: rows, kind: 'face', key: keyOf(rows - 1) };
    const vector = faces.face(rows - 1, new Float32Array(faces.dimension));
    return { changes: after < rows ? [{ ...last, vector }] : [], complete: true };
  },
  async *vectors() {
    for (let first = 0; first < rows; first += BATCH) {
      const count = Math.min(BATCH, rows - first);
      const batch = new Float32Array(count * faces.dimension);
      const keys = [];
      for (let i = 0; i < count; i++) {
        faces.face(first + i, batch.subarray(i * faces.dimension, (i + 1) * faces.dimension));
        keys.push(keyOf(first + i));
      }
      yield { sequence: rows, kind: 'face', keys, rows: batch };
      await sleep(0);
    }
  },
});

const collectionOf = (dimension) => ({
  collectionId: 'growth',
  dimension,
  createdAtMs: 1,
  modelId: 'm',
});

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

const queriesOf = (faces, rows) =>
  Array.from({ length: QUERIES }, (_, i) => {
    const out = new Float32Array(faces.dimension);
    const person = Math.floor(((i * 7919) % rows) / FACES_EACH);
    return i % STRANGERS === 0
      ? { query: faces.direction(2_000_000_011 + i, out) }
      : { query: faces.near(person, 2_000_000_011 + i, out), person };
  });

/** Matches of every query, and what each took. */
async function searched(vectors, dimension, rows, queries) {
  const found = [];
  const times = [];
  for (const { query } of queries) {
    const started = performance.now();
    const request = { kind: 'face', query, limit: LIMIT, minCosine: -1 };
    found.push(await vectors.search(collectionOf(dimension), request, rows));
    times.push((performance.now() - started) * 1e3);
  }
  return { found, times: times.toSorted((a, b) => a - b) };
}

/** Of the true matches that show the same person, the share that was found. */
function genuineRecall(queries, found, truth) {
  let wanted = 0;
  let hit = 0;
  for (const [i, { person }] of queries.entries()) {
    if (person === undefined) continue;
    const keys = new Set(found[i].map(({ key }) => key));
    for (const { key } of truth[i]) {
      if (Math.floor(Number(key.slice(-12)) / FACES_EACH) !== person) continue;
      wanted++;
      if (keys.has(key)) hit++;
    }
  }
  return hit / wanted;
}

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
  const queries = queriesOf(faces, rows);
  await searched(vectors, dimension, rows, queries.slice(0, 50));
  const cpu = process.cpuUsage();
  const { found, times } = await searched(vectors, dimension, rows, queries);
  const { user, system } = process.cpuUsage(cpu);
  const snapshot = await cost(() => vectors.close());
  const written = notes.find(({ message }) => message === 'a snapshot was written');
  // The truth comes from an exact scan of the same rows.
  const { vectors: flat } = open(faces, rows, {
    directory,
    engine: 'flat',
    memory: { kind: 'mapped', directory },
  });
  const { found: truth, times: flatTimes } = await searched(
    flat,
    dimension,
    rows,
    queries.slice(0, 200),
  );
  await flat.close();
  return {
    insertCpuUs: ((insert.cpuS - makingS) / rows) * 1e6,
    insertWallUs: (insert.wallS / rows) * 1e6,
    searchP50Us: times[Math.floor(QUERIES * 0.5)],
    searchP99Us: times[Math.floor(QUERIES * 0.99)],
    searchCpuUs: (user + system) / QUERIES,
    exactP50Us: flatTimes[Math.floor(flatTimes.length * 0.5)],
    genuineRecall: genuineRecall(queries.slice(0, 200), found, truth),
    bytesPerVector: usedBytes / rows,
    snapshotS: snapshot.wallS,
    snapshotBytes: written?.bytes,
  };
}

/** From nothing to searchable, and what it found on the way. */
async function restart(dimension, rows, directory, memory) {
  const faces = new Faces(dimension);
  const queries = queriesOf(faces, rows).slice(0, 20);
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

async function all(dimension, sizes) {
  const results = [];
  for (const rows of sizes) {
    const directory = mkdtempSync(join(tmpdir(), 'likeness-growth-'));
    try {
      const built = await child('build', dimension, rows, directory);
      const file = join(
        directory,
        readdirSync(directory).find((name) => name.endsWith('.snapshot')),
      );
      const snapshotBytes = statSync(file).size;
      const fromDisk = forgetFiles();
      const cold = await child('restart', dimension, rows, directory, 'ram');
      const warm = await child('restart', dimension, rows, directory, 'ram');
      const mapped = await child('restart', dimension, rows, directory, 'mapped');
      results.push({
        rows,
        ...built,
        snapshotBytes,
        fromDisk,
        restart: cold,
        restartCached: warm,
        mapped,
      });
      console.log(JSON.stringify(results.at(-1)));
    } finally {
      rmSync(directory, { recursive: true });
    }
  }
  const seen = results.length > 1 ? { projection: projection(results) } : {};
  console.log(JSON.stringify(seen));
  save(`growth-${dimension}`, { dimension, facesEach: FACES_EACH, limit: LIMIT, results, ...seen });
}

const [, , mode, ...rest] = process.argv;
if (mode === 'build') {
  const [dimension, rows, directory] = rest;
  process.stdout.write(JSON.stringify(await build(Number(dimension), Number(rows), directory)));
} else if (mode === 'restart') {
  const [dimension, rows, directory, kind] = rest;
  const memory = kind === 'mapped' ? { kind, directory } : { kind };
  process.stdout.write(
    JSON.stringify(await restart(Number(dimension), Number(rows), directory, memory)),
  );
} else {
  const sizes = (rest[0] ?? '10000,100000,1000000').split(',').map(Number);
  await all(Number(mode ?? 512), sizes);
}
