// Answers one question of the GPU benchmark: a process for each, which is told what to answer and sends the answer.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { availableParallelism, release, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepReports } from '../dist/vision/choose.js';
import { DEFAULT_EMBEDDERS, loadNets, pipelineCards } from '../dist/vision/nets.js';
import { createVision } from '../dist/vision/pool.js';
import { referenceImages } from '../dist/vision/runtimes/parity.js';
import { candidatesFor, RUNTIMES } from '../dist/vision/runtimes/runtime.js';
import { startRuntime } from '../dist/vision/runtimes/start.js';
import { closedLoad, inferenceProcesses, memory, openLoad, REQUEST, smi } from './gpu-loads.mjs';
import { cosine } from './metrics.mjs';
import { besideTheFirst, processorsByCore } from './processors.mjs';
import { cores } from './vision-parts.mjs';
import { facesFolder, median, rounded, somePhotos } from './vision-subjects.mjs';

const LOAD_MS = Number(process.env.LIKENESS_GPU_LOAD_MS ?? 3000);
const ALL = availableParallelism();
const PATIENT = { maxQueued: 10_000, timeoutMs: 120_000 };
/** Two threads of one core do less than this times what one does. */
const SHARED_CORE = 1.6;
const cache = mkdtempSync(join(tmpdir(), 'likeness-gpu-'));
const readPhotos = () => somePhotos(128).map((path) => readFileSync(join(facesFolder, path)));

/** What this is measured on, and which two processors are cores of their own. */
async function machine() {
  const byCore = processorsByCore();
  const processors = byCore.flat();
  const [first] = processors;
  const beside = first === undefined ? [] : await besideTheFirst(processors);
  const told = byCore.length < processors.length;
  const [slowest, fastest] = [0, -1].map((at) =>
    beside.toSorted((a, b) => a.times - b.times).at(at),
  );
  const hidden = slowest?.times < SHARED_CORE ? slowest.processor : undefined;
  const second = told ? byCore[0].at(1) : hidden;
  return {
    cpu: lscpu(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    gpu: smi('name,driver_version,memory.total,pstate'),
    processorsByCore: byCore,
    besideTheFirst: beside,
    twoCores: told
      ? byCore.slice(0, 2).map(([processor]) => processor)
      : [first, fastest?.processor],
    twoThreads: second === undefined ? undefined : [first, second],
  };
}

/** The model, cores and caches of the processor as Linux knows them. */
function lscpu() {
  const lines = spawnSync('lscpu', { encoding: 'utf8' }).stdout?.split('\n') ?? [];
  const shown = /^(Model name|CPU\(s\)|Thread|Core|Socket|Hypervisor|L[123])/;
  return lines.filter((line) => shown.test(line)).map((line) => line.replace(/\s+/g, ' '));
}

const SHORT = { rounds: 5, roundMs: 1000 };

/** One core beside two. */
const twoCores = (subject, { twoCores: processors }) =>
  cores([subject], undefined, { processors, ...SHORT });

/** The same on two threads of one core, where there are such. */
const twoThreads = (subject, { twoThreads: processors }) =>
  processors
    ? cores([subject], undefined, { processors, ...SHORT })
    : { cores: 0, note: 'no two processors here share a core' };

/** A vision part all of whose processes have done some photos. */
async function start(runtime, workers, photos) {
  const vision = await createVision({
    runtime,
    workers,
    cacheDirectory: cache,
    ...PATIENT,
  });
  await vision.analyse(photos[0], REQUEST);
  // Around a GPU each process has four threads.
  const processes = RUNTIMES[runtime].uses === 'gpu' ? Math.ceil(workers / 4) : workers;
  while (vision.status().workers < processes) await sleep(20);
  await closedLoad(vision, photos, 4 * workers, 1500);
  return vision;
}

/** From JPEG bytes to embeddings, by the number of clients, and at half of the most that it does. */
async function pipeline(runtime) {
  const photos = readPhotos();
  const startedAt = performance.now();
  const vision = await start(runtime, ALL, photos);
  const startMs = Math.round(performance.now() - startedAt);
  const loads = [];
  for (const clients of [1, ALL, 4 * ALL, 8 * ALL])
    loads.push(await closedLoad(vision, photos, clients, clients === 1 ? LOAD_MS / 2 : LOAD_MS));
  const underLoad = memory();
  const most = Math.max(...loads.map(({ photosPerSecond }) => photosPerSecond));
  const half = await openLoad(vision, photos, most / 2, LOAD_MS);
  await vision.close();
  return { model: vision.model.id, startMs, loads, half, memory: underLoad };
}

const ROUNDS = 3;

/** Faces a second by the number of workers, in turns, each with enough clients to be busy. */
async function scaling(runtime) {
  const photos = readPhotos();
  const counts = [1, 2, 4, 8, 16, 32, 64].filter((count) => count <= ALL);
  const crews = [];
  for (const count of counts) crews.push({ count, vision: await start(runtime, count, photos) });
  const turns = new Map(counts.map((count) => [count, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const { count, vision } of crews) {
      const { facesPerSecond } = await closedLoad(vision, photos, 2 * count, LOAD_MS / 2);
      turns.get(count).push(facesPerSecond);
    }
  await Promise.all(crews.map(({ vision }) => vision.close()));
  const one = median(turns.get(1));
  const rows = [...turns].map(([count, found]) => ({
    workers: count,
    facesPerSecond: median(found),
    range: [Math.min(...found), Math.max(...found)],
    timesOne: rounded(median(found) / one, 2),
  }));
  return { rounds: ROUNDS, rows };
}

/** Two analyses of the same photos: the lowest cosine between their embeddings, and photos with other numbers of faces. */
function compared(some, others) {
  let lowest = 1;
  let faces = 0;
  let otherCount = 0;
  for (const [index, { faces: left }] of some.entries()) {
    const { faces: right } = others[index];
    if (left.length !== right.length) {
      otherCount++;
      continue;
    }
    faces += left.length;
    for (const [at, { embedding }] of left.entries())
      lowest = Math.min(lowest, cosine(embedding, right[at].embedding));
  }
  return { faces, lowestCosine: lowest, photosWithOtherCount: otherCount };
}

/** Embeddings of a runtime beside those of WebAssembly. */
async function embeddings(runtime) {
  const photos = readPhotos();
  const analyses = [];
  for (const each of ['tfjs-wasm', runtime]) {
    const vision = await start(each, ALL, photos);
    analyses.push(await Promise.all(photos.map((photo) => vision.analyse(photo, REQUEST))));
    await vision.close();
  }
  return { photos: photos.length, ...compared(...analyses) };
}

/**
 * All inference processes are killed while they have photos in hand. The runtime is made the first choice, so that there
 * is another to fall back to; what was answered is compared with what that one says of the same photos.
 */
async function death(runtime) {
  const photos = readPhotos();
  const candidates = candidatesFor((await pipelineCards()).map(({ card }) => card));
  const report = (name, facesPerSecond) => ({
    name,
    usable: true,
    device: '',
    parity: { cosine: 1, deviation: 0 },
    msPerFace: 1,
    facesPerSecond,
  });
  const settings = { workers: ALL, maxPixels: 50_000_000, cacheDirectory: cache };
  const others = ['onnxruntime', 'tfjs-wasm'].filter((name) => name !== runtime);
  await keepReports({ ...settings, embedders: DEFAULT_EMBEDDERS, candidates }, [
    report(runtime, 1000),
    ...others.map((name) => report(name, 1)),
  ]);
  const vision = await createVision({ ...settings, ...PATIENT });
  const before = vision.runtime;
  await Promise.all(photos.map((photo) => vision.analyse(photo, REQUEST)));
  const asked = Promise.allSettled(photos.map((photo) => vision.analyse(photo, REQUEST)));
  await sleep(100);
  const inHand = vision.status().running;
  const killed = inferenceProcesses();
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  const killedAt = performance.now();
  const settled = await asked;
  const ms = Math.round(performance.now() - killedAt);
  const lost = settled.filter(({ status }) => status === 'rejected').length;
  const again = await Promise.all(photos.map((photo) => vision.analyse(photo, REQUEST)));
  const answers = settled.map(({ value }) => value ?? { faces: [] });
  const result = { before, after: vision.runtime, killed: killed.length, inHand, ms };
  await vision.close();
  return { ...result, asked: photos.length, lost, ...compared(answers, again) };
}

const BATCHES = [1, 8, 32, 128];

/** The nets alone, by the number of images in one run; also with two runs under way. */
async function nets(runtime) {
  const started = await startRuntime(runtime, cache);
  const startedAt = performance.now();
  const loaded = await loadNets(started);
  const loadMs = Math.round(performance.now() - startedAt);
  const rows = {};
  for (const { card } of await pipelineCards()) {
    if (card.task === 'attributes') continue;
    const net = loaded.nets.get(card.name);
    rows[card.name] = {};
    for (const batch of BATCHES.filter((size) => size <= net.maxBatch))
      rows[card.name][batch] = await speedOf(net, card.input.size, batch);
  }
  const parity = await loaded.complete();
  return { device: started.device, loadMs, parity, nets: rows };
}

async function speedOf(net, size, batch) {
  const few = referenceImages(7, Math.min(batch, 8), size);
  const pixels = new Float32Array(batch * size * size * 3);
  for (let at = 0; at < pixels.length; at += few.length)
    pixels.set(few.subarray(0, Math.min(few.length, pixels.length - at)), at);
  // A run may take its pixels for itself.
  const run = () => net.run(pixels.slice(), batch);
  await run();
  const one = await runsWithin(LOAD_MS / 10, [run]);
  const two = await runsWithin(LOAD_MS / 10, [run, run]);
  return { imagesPerSecond: rounded(one * batch), twoRuns: rounded(two * batch) };
}

/** Runs a second, in as many chains as there are given. */
async function runsWithin(ms, chains) {
  const startedAt = performance.now();
  let runs = 0;
  const chain = async (run) => {
    do {
      await run();
      runs++;
    } while (performance.now() < startedAt + ms);
  };
  await Promise.all(chains.map(chain));
  return (1000 * runs) / (performance.now() - startedAt);
}

/** What `likeness doctor` finds. */
function doctor() {
  const cli = resolve(import.meta.dirname, '../dist/cli.js');
  const env = { ...process.env, LIKENESS_DATA: cache, LIKENESS_PORT: '0' };
  const { stdout } = spawnSync(process.execPath, [cli, 'doctor', '--json'], {
    encoding: 'utf8',
    env,
  });
  return { findings: JSON.parse(stdout) };
}

const QUESTIONS = {
  machine,
  cores: twoCores,
  threads: twoThreads,
  pipeline,
  workers: scaling,
  embeddings,
  death,
  nets,
  doctor,
};

process.once('message', async ({ question, about, machine: found }) => {
  const answer = await QUESTIONS[question](...(about ? [about, found] : []));
  process.send(answer);
});
