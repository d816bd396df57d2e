// From the start of the service to its first answer about a photo, and what its inference processes hold.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DetectFacesCommand, RekognitionClient } from '@aws-sdk/client-rekognition';
import { facesFolder, median, readPairs } from './vision-subjects.mjs';

const ROUNDS = 3;
const PHOTOS = 40;

/** A row for each of our runtimes among the subjects. */
export async function start(names) {
  const runtimes = names.filter((name) => /^likeness \S+$/.test(name));
  const rows = [];
  for (const subject of runtimes) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await once(subject.split(' ')[1]));
    rows.push({
      subject,
      firstAnswerMs: Math.round(median(rounds.map(({ firstAnswerMs }) => firstAnswerMs))),
      workerMb: Math.round(Math.max(...rounds.flatMap(({ workers }) => workers))),
      serviceMb: Math.round(Math.max(...rounds.map(({ service }) => service))),
      workers: rounds[0].workers.length,
    });
  }
  return { rows };
}

/** With a data directory of its own, where a start before this one has left what a runtime converts once. */
async function once(runtime) {
  const data = mkdtempSync(join(tmpdir(), 'likeness-start-'));
  const env = { LIKENESS_DATA: data, LIKENESS_RUNTIME: runtime };
  try {
    await serve(env, async () => undefined);
    return await serve(env, async (client, pid, firstAnswerMs) => {
      const paths = [...new Set(readPairs().flatMap(({ a, b }) => [a, b]))].slice(0, PHOTOS);
      await Promise.all(paths.map((path) => detect(client, path)));
      const { service, workers } = memoryOf(pid);
      return { firstAnswerMs, service, workers };
    });
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

const detect = (client, path) =>
  client.send(new DetectFacesCommand({ Image: { Bytes: readFileSync(join(facesFolder, path)) } }));

async function serve(settings, use) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../dist/cli.js'), 'serve'], {
    env: {
      PATH: process.env.PATH,
      LIKENESS_PORT: '0',
      LIKENESS_LOG_LEVEL: 'info',
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const endpoint = await new Promise((done, fail) => {
      child.once('exit', (code) => fail(new Error(`the service ended with ${code}`)));
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text) => {
        log += text;
        const found = /"endpoint":"([^"]+)"/.exec(log);
        if (found) done(found[1]);
      });
    });
    const client = new RekognitionClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    });
    const [{ a }] = readPairs();
    await detect(client, a);
    return await use(client, child.pid, performance.now() - startedAt);
  } finally {
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }
}

/** Resident megabytes of a process and of each of its children (Linux). */
function memoryOf(pid) {
  const resident = (id) =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return { service: resident(pid), workers: children.filter(Boolean).map(resident) };
}
