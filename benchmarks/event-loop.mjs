// Question: does the service's event loop stay free while photos are indexed? (p99 delay below 20 ms)
// The same service, idle and under 8 clients that index photos without a pause, A B A B in one run.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CreateCollectionCommand,
  IndexFacesCommand,
  ListCollectionsCommand,
  RekognitionClient,
} from '@aws-sdk/client-rekognition';
import { save } from './measuring.mjs';

const root = resolve(import.meta.dirname, '..');
const ROUNDS = 3;
const SECONDS = 10;
const CLIENTS = 8;

const scratch = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
const file = join(scratch, 'loop.json');
const service = spawn(
  process.execPath,
  ['--import', join(root, 'benchmarks/loop-probe.mjs'), join(root, 'dist/main.js')],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      LIKENESS_DATA: join(scratch, 'data'),
      LIKENESS_PORT: '0',
      LIKENESS_LOG_LEVEL: 'error',
      LIKENESS_LOOP_FILE: file,
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    },
  },
);
const endpoint = await new Promise((found) => {
  let text = '';
  service.stdout.on('data', (chunk) => {
    text += chunk;
    const [, url] = /listening on (http\S+)/.exec(text) ?? [];
    if (url) found(url);
  });
});
const client = new RekognitionClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'benchmark', secretAccessKey: 'benchmark' },
});
const CollectionId = 'loop';
await client.send(new CreateCollectionCommand({ CollectionId }));
const photos = [1, 2, 3, 4, 5, 6].map((n) =>
  readFileSync(join(root, `node_modules/@vladmandic/face-api/demo/sample${n}.jpg`)),
);

/** Runs `work` in every client for SECONDS; gives the loop's delays meanwhile and how often work was done. */
async function measure(work) {
  await figures();
  let done = 0;
  const end = performance.now() + SECONDS * 1000;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, i) => {
      for (let n = i; performance.now() < end; n++) {
        await work(n);
        done++;
      }
    }),
  );
  return { ...(await figures()), perSecond: done / SECONDS };
}

async function figures() {
  rmSync(file, { force: true });
  service.kill('SIGUSR2');
  for (;;) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch {
      await new Promise((wait) => setTimeout(wait, 10));
    }
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

let serial = 0;
const idle = () => new Promise((wait) => setTimeout(wait, 100));
const index = (n) =>
  client.send(
    new IndexFacesCommand({
      CollectionId,
      Image: { Bytes: photos[n % photos.length] },
      ExternalImageId: `photo-${serial++}`,
    }),
  );
const results = { idle: [], indexing: [] };
for (let round = 0; round < ROUNDS; round++) {
  results.idle.push(await measure(idle));
  results.indexing.push(await measure(index));
}
const latency = [];
const probe = setInterval(async () => {
  const started = performance.now();
  await client.send(new ListCollectionsCommand({}));
  latency.push(performance.now() - started);
}, 50);
await measure(index);
clearInterval(probe);
latency.sort((a, b) => a - b);

client.destroy();
service.kill('SIGTERM');
await new Promise((ended) => service.once('exit', ended));
rmSync(scratch, { recursive: true });

const summary = Object.fromEntries(
  Object.entries(results).map(([name, rounds]) => [
    name,
    {
      p50Ms: median(rounds.map(({ p50 }) => p50)),
      p99Ms: median(rounds.map(({ p99 }) => p99)),
      maxMs: Math.max(...rounds.map(({ max }) => max)),
      photosPerSecond:
        name === 'indexing' ? median(rounds.map(({ perSecond }) => perSecond)) : undefined,
    },
  ]),
);
console.table(summary);
save('event-loop', {
  question: 'How late does the event loop run while photos are indexed?',
  clients: CLIENTS,
  secondsPerRound: SECONDS,
  rounds: results,
  summary,
  listCollectionsMeanwhileMs: {
    p50: latency[Math.floor(latency.length * 0.5)],
    p99: latency[Math.floor(latency.length * 0.99)],
  },
});
