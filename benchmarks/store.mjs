// What does the store add to the SQLite transaction inside it? AssociateFaces-like changes a second through
// the store, with 1, 8 and 64 callers, against the same transaction alone: better-sqlite3, one after another,
// in one process. Each change reads the user, its members and ten faces with their vectors, computes the
// centroid, and links or unlinks the ten with a token. Writes results/store.json. About half a minute.
//
//   npx tsc -p . && node benchmarks/store.mjs [directory for the data, default the system's temporary one]
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { createSqliteStore } from '../dist/store/sqlite/store.js';
import { save } from './measuring.mjs';

const VARIANTS = ['alone', 'store-1', 'store-8', 'store-64'];
const ROUNDS = 2;
const MEASURED_MS = 3000;
/** 512 unless LIKENESS_BENCH_DIMENSION says otherwise. */
const DIMENSION = Number(process.env.LIKENESS_BENCH_DIMENSION ?? 512);
const USERS = 128;
const FACES_A_USER = 10;
const SEED = 20261121;

if (process.argv[2] === '--variant')
  console.log(JSON.stringify(await trial(process.argv[3], process.argv[4])));
else report(process.argv[2] ?? tmpdir());

/** One child process a trial, the variants in turn, so that a slow moment of the machine meets them all. */
function report(parent) {
  const trials = Object.fromEntries(VARIANTS.map((variant) => [variant, []]));
  for (let turn = 0; turn < ROUNDS; turn++) {
    for (const variant of VARIANTS) {
      const args = [fileURLToPath(import.meta.url), '--variant', variant, parent];
      const { stdout, status } = spawnSync(process.execPath, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`${variant} ended with ${status}`);
      trials[variant].push(JSON.parse(stdout));
      console.error(`${variant.padEnd(9)} ${stdout.trim()}`);
    }
  }
  const base = median(trials.alone.map(({ perSecond }) => perSecond));
  const variants = VARIANTS.map((variant) => {
    const rates = trials[variant].map(({ perSecond }) => perSecond);
    return {
      variant,
      perSecond: Math.round(median(rates)),
      spread: [Math.min(...rates), Math.max(...rates)].map(Math.round),
      ratioToAlone: Number((median(rates) / base).toFixed(2)),
      p50Ms: median(trials[variant].map(({ p50Ms }) => p50Ms)),
      p99Ms: median(trials[variant].map(({ p99Ms }) => p99Ms)),
      loopDelayP99Ms: median(trials[variant].map(({ loopDelayP99Ms }) => loopDelayP99Ms)),
    };
  });
  save('store', {
    question: 'transactions of ten faces a second, through the store and alone',
    dimension: DIMENSION,
    facesAChange: FACES_A_USER,
    seed: SEED,
    variants,
  });
  console.table(variants);
}

async function trial(variant, parent) {
  const directory = mkdtempSync(join(parent, 'likeness-bench-'));
  try {
    const users = await fill(directory);
    return variant === 'alone'
      ? alone(directory, users)
      : await throughStore(directory, users, Number(variant.slice('store-'.length)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A collection of users with ten faces each, not yet linked. */
async function fill(directory) {
  const store = await createSqliteStore({ directory });
  await store.createCollection({
    collectionId: 'bench',
    modelId: 'bench',
    calibrationVersion: '1',
    faceModelVersion: '1.0',
    dimension: DIMENSION,
    tags: {},
    createdAtMs: 0,
    maxCollections: 1,
  });
  const random = generator(SEED);
  const users = [];
  for (let user = 0; user < USERS; user++) {
    const faces = Array.from({ length: FACES_A_USER }, () => newFace(random));
    await store.insertFaces('bench', faces, 1e9);
    await store.createUser('bench', `user-${user}`, { maxUsers: 1e9 });
    users.push({ userId: `user-${user}`, faceIds: faces.map(({ faceId }) => faceId) });
  }
  await store.close();
  return users;
}

async function throughStore(directory, users, callers) {
  const store = await createSqliteStore({ directory });
  const meter = newMeter();
  const one = async (caller) => {
    for (let turn = 0; meter.running(); turn++) {
      const mine = users.slice((caller * USERS) / callers, ((caller + 1) * USERS) / callers);
      // All users are linked, then all unlinked, and so on.
      const { userId, faceIds } = mine[turn % mine.length];
      const link = Math.floor(turn / mine.length) % 2 === 0;
      const start = performance.now();
      await store.changeUserFaces('bench', { userId, faceIds, idempotency: token() }, (state) =>
        decide(state.members, link ? [...state.faces.values()] : [], link ? faceIds : []),
      );
      meter.add(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => one(caller)));
  const result = meter.result();
  await store.close();
  return result;
}

function decide(members, added, link) {
  const unlink = link.length > 0 ? [] : members.map(({ faceId }) => faceId);
  const left = link.length > 0 ? [...members, ...added] : [];
  return {
    link,
    unlink,
    centroid: centroid(left.map(({ embedding }) => embedding)),
    response: { link, unlink },
  };
}

/** The same reads and writes on the same file, without the store. */
function alone(directory, users) {
  const folder = join(directory, 'collections');
  const db = new Database(
    join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.db')),
    ),
  );
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192',
  );
  const sql = (text) => db.prepare(text);
  const s = {
    token: sql('SELECT response FROM tokens WHERE operation = ? AND token = ?'),
    user: sql('SELECT id, version FROM users WHERE user_id = ?'),
    members: sql(
      'SELECT f.id, v.vector FROM faces f JOIN face_vectors v ON v.id = f.id WHERE f.user_row = ?',
    ),
    face: sql(
      'SELECT f.id, f.user_row, v.vector FROM faces f JOIN face_vectors v ON v.id = f.id WHERE f.face_id = ?',
    ),
    move: sql('UPDATE faces SET user_row = ? WHERE id = ?'),
    put: sql('INSERT OR REPLACE INTO user_vectors VALUES (?, ?)'),
    drop: sql('DELETE FROM user_vectors WHERE id = ?'),
    sequence: sql('UPDATE state SET sequence = sequence + 1 RETURNING sequence'),
    change: sql("INSERT INTO changes VALUES (?, 'user', ?)"),
    version: sql('UPDATE users SET face_count = ?, version = ? WHERE id = ?'),
    remember: sql('INSERT INTO tokens VALUES (?, ?, ?, ?, ?)'),
  };
  const change = db.transaction(({ userId, faceIds }, link) => {
    const { operation, token: key, digest, expiresAtMs } = token();
    s.token.get(operation, key);
    const user = s.user.get(userId);
    const members = s.members.all(user.id).map(decoded);
    const faces = faceIds.map((faceId) => decoded(s.face.get(faceId)));
    const mean = centroid(link ? [...members, ...faces] : []);
    for (const { id } of faces) s.move.run(link ? user.id : null, id);
    if (mean) s.put.run(user.id, Buffer.from(mean.buffer));
    else s.drop.run(user.id);
    const { sequence } = s.sequence.get();
    s.change.run(sequence, userId);
    s.version.run(link ? faceIds.length : 0, sequence, user.id);
    s.remember.run(
      operation,
      key,
      digest,
      JSON.stringify({ link: faceIds, unlink: [] }),
      expiresAtMs,
    );
  });
  const meter = newMeter();
  for (let turn = 0; meter.running(); turn++) {
    const start = performance.now();
    change.immediate(users[turn % USERS], Math.floor(turn / USERS) % 2 === 0);
    meter.add(performance.now() - start);
  }
  const result = meter.result();
  db.close();
  return { ...result, loopDelayP99Ms: null };
}

/** The row's vector as the embedding it holds, in memory of its own. */
function decoded({ id, vector }) {
  return Object.assign(new Float32Array(Uint8Array.from(vector).buffer), { id });
}

function newMeter() {
  const latencies = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  return {
    running: () => performance.now() - start < MEASURED_MS,
    add: (ms) => latencies.push(ms),
    result() {
      delay.disable();
      const elapsedMs = performance.now() - start;
      const sorted = latencies.toSorted((a, b) => a - b);
      const at = (share) => round(sorted[Math.floor(share * (sorted.length - 1))]);
      return {
        perSecond: round((latencies.length / elapsedMs) * 1000),
        p50Ms: at(0.5),
        p99Ms: at(0.99),
        loopDelayP99Ms: round(delay.percentile(99) / 1e6),
      };
    },
  };
}

function newFace(random) {
  return {
    faceId: randomUUID(),
    imageId: randomUUID(),
    box: { width: 0.5, height: 0.5, left: 0.25, top: 0.25 },
    confidence: 99,
    embedding: unit(Float64Array.from({ length: DIMENSION }, () => random() - 0.5)),
    createdAtMs: 0,
  };
}

function token() {
  return {
    operation: 'AssociateFaces',
    token: randomUUID(),
    digest: 'd'.repeat(64),
    nowMs: 0,
    expiresAtMs: 86_400_000,
  };
}

function centroid(vectors) {
  if (vectors.length === 0) return undefined;
  const sum = new Float64Array(DIMENSION);
  for (const vector of vectors) for (let i = 0; i < DIMENSION; i++) sum[i] += vector[i];
  return unit(sum);
}

function unit(vector) {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (component) => component / length);
}

/** Numerical Recipes' linear congruence; uniform in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function median(values) {
  const known = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  return known.length === 0
    ? null
    : round((known[(known.length - 1) >> 1] + known[known.length >> 1]) / 2);
}

function round(value) {
  return Math.round(value * 100) / 100;
}
