// How many AssociateFaces calls of ten faces a second does the whole service answer, over HTTP, durably? With 1, 8
// and 64 clients, beside an empty Fastify route (what HTTP alone costs here) and beside the same SQLite
// transaction alone (store.mjs). Clients and servers share the machine. Writes results/associate.json.
//
//   npm run build && node benchmarks/associate.mjs [milliseconds a trial]
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteStore } from '../dist/store/sqlite/store.js';
import { DEFAULT_MODELS, embeddingModel, loadCard } from '../dist/vision/models.js';
import { direction, near, save, seeded } from './measuring.mjs';

const CLIENTS = [1, 8, 64];
const ROUNDS = 2;
const MEASURED_MS = Number(process.argv[2] ?? 4000);
const USERS = 128;
const FACES_A_CALL = 10;
const SEED = 20261122;
const COLLECTION = 'bench';

const model = embeddingModel(await loadCard(DEFAULT_MODELS.embedder, 'embedder'));
const scratch = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
const users = await fill(join(scratch, 'data'));
const empty = await start(join(import.meta.dirname, 'empty-route.mjs'), {});
const service = await start(join(import.meta.dirname, '../dist/main.js'), {
  LIKENESS_DATA: join(scratch, 'data'),
  LIKENESS_VISION_WORKERS: '1',
});

const trials = [];
const alone = [];
try {
  for (let round = 0; round < ROUNDS; round++) {
    alone.push(transactionsAlone());
    for (const clients of CLIENTS)
      for (const [server, { endpoint }] of Object.entries({ empty, service })) {
        const result = { server, clients, ...(await drive(endpoint, clients)) };
        trials.push(result);
        console.error(JSON.stringify(result));
      }
  }
} finally {
  empty.child.kill();
  service.child.kill();
  rmSync(scratch, { recursive: true, force: true });
}
const base = median(alone);
const rows = CLIENTS.flatMap((clients) =>
  ['empty', 'service'].map((server) => {
    const mine = trials.filter((trial) => trial.server === server && trial.clients === clients);
    const perSecond = median(mine.map((trial) => trial.perSecond));
    return {
      server,
      clients,
      perSecond: Math.round(perSecond),
      ratioToTransactionAlone: Number((perSecond / base).toFixed(2)),
      p50Ms: median(mine.map((trial) => trial.p50Ms)),
      p99Ms: median(mine.map((trial) => trial.p99Ms)),
    };
  }),
);
console.table(rows);
save('associate', {
  question: 'AssociateFaces of ten faces over HTTP, durable',
  dimension: model.dimension,
  transactionsAlonePerSecond: Math.round(base),
  seed: SEED,
  rows,
});
process.exit(0);

/** A collection of users without faces and of free faces, ten for each user that resemble each other. */
async function fill(directory) {
  const store = await createSqliteStore({ directory });
  await store.createCollection({
    collectionId: COLLECTION,
    modelId: model.id,
    calibrationVersion: model.calibration.version,
    faceModelVersion: model.version,
    dimension: model.dimension,
    tags: {},
    createdAtMs: 0,
    maxCollections: 1,
  });
  const random = seeded(SEED);
  const filled = [];
  for (let user = 0; user < USERS; user++) {
    const centre = direction(random, model.dimension);
    const faces = Array.from({ length: FACES_A_CALL }, () => ({
      faceId: randomUUID(),
      imageId: randomUUID(),
      box: { width: 0.5, height: 0.5, left: 0.25, top: 0.25 },
      confidence: 99,
      embedding: near(random, centre, 0.98),
      createdAtMs: 0,
    }));
    await store.insertFaces(COLLECTION, faces, 1e9);
    await store.createUser(COLLECTION, `user-${user}`, { maxUsers: 1e9 });
    filled.push({ UserId: `user-${user}`, FaceIds: faces.map(({ faceId }) => faceId) });
  }
  await store.close();
  return filled;
}

async function start(file, settings) {
  const child = spawn(process.execPath, [file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      LIKENESS_PORT: '0',
      LIKENESS_LOG_LEVEL: 'error',
      ...settings,
    },
  });
  const endpoint = await new Promise((found) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const [, url] = /listening on (http\S+)/.exec(text) ?? [];
      if (url) found(url);
    });
  });
  return { child, endpoint };
}

/** Every client has users of its own: it gives each its ten faces, then takes them away again, and so on. */
async function drive(endpoint, clients) {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const latencies = [];
  const end = performance.now() + MEASURED_MS;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      const mine = users.filter((_user, i) => i % clients === client);
      for (let turn = 0; performance.now() < end || turn % (2 * mine.length) !== 0; turn++) {
        const link = turn % (2 * mine.length) < mine.length;
        const body = { CollectionId: COLLECTION, ...mine[turn % mine.length] };
        const started = performance.now();
        const reply = await post(agent, endpoint, {
          operation: link ? 'AssociateFaces' : 'DisassociateFaces',
          body: JSON.stringify({ ...body, ClientRequestToken: randomUUID() }),
        });
        if (performance.now() < end) latencies.push(performance.now() - started);
        const changed = reply.AssociatedFaces ?? reply.DisassociatedFaces;
        if (changed && changed.length !== FACES_A_CALL)
          throw new Error(`${changed.length} faces changed: ${JSON.stringify(reply)}`);
      }
    }),
  );
  agent.destroy();
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share) => Number(sorted[Math.floor(share * (sorted.length - 1))].toFixed(2));
  return { perSecond: (latencies.length / MEASURED_MS) * 1000, p50Ms: at(0.5), p99Ms: at(0.99) };
}

function post(agent, endpoint, { operation, body }) {
  return new Promise((resolve, reject) => {
    const call = request(endpoint, {
      agent,
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `RekognitionService.${operation}`,
        'content-length': Buffer.byteLength(body),
      },
    });
    call.on('error', reject);
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text === '' ? {} : JSON.parse(text));
        else reject(new Error(`${operation}: ${response.statusCode} ${text}`));
      });
    });
    call.end(body);
  });
}

function transactionsAlone() {
  const { stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'store.mjs'), '--variant', 'alone', tmpdir()],
    {
      encoding: 'utf8',
      env: { ...process.env, LIKENESS_BENCH_DIMENSION: String(model.dimension) },
    },
  );
  return JSON.parse(stdout).perSecond;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
