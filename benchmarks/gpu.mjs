// What does a GPU gain, and how does the work scale over the cores beside it? Runtimes, from the nets alone to JPEG
// bytes in and embeddings out.
//
//   npx tsc -p . && node benchmarks/gpu.mjs [seconds] [questions]   all, or those whose names begin so: about six minutes
//   node benchmarks/gpu.mjs table                                   the tables again from results/gpu.json
//
// Each question is a process of its own with a time limit, so that a driver that hangs costs only its own answer. They
// come in the order of their weight; what does not fit into the seconds given is left out and said so. Answers are
// written as they come. LIKENESS_FACES names the folder of photos, default ../shared/faces.
// LIKENESS_GPU_LOAD_MS is how long each load lasts, default 3000.
//
// The runtimes besides WebAssembly take part where these are installed:
//   ONNXRUNTIME_NODE_INSTALL=skip npm install --no-save onnxruntime-node@1.30.0 webgpu@0.4.0 @tensorflow/tfjs-backend-webgpu@4.22.0
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { missingPackages } from '../dist/vision/runtimes/installed.js';
import { table } from './gpu-table.mjs';
import { save } from './measuring.mjs';
import { missingFor, SUBJECT_NAMES } from './vision-subjects.mjs';

const GPU = ['tfjs-webgpu', 'onnxruntime-webgpu'];
const CPU = ['onnxruntime', 'tfjs-wasm'];
/** Less is not worth the start of a process. */
const LEAST_SECONDS = 8;

const installed = (runtime) => missingPackages(runtime).length === 0;
const ask = (question, names, limit) =>
  names.map((about) => ({ name: `${question} ${about}`, question, about, limit }));
const runtimes = (question, names, limit) => ask(question, names.filter(installed), limit);

/** In the order of their weight, with their limits in seconds. */
const QUESTIONS = [
  { name: 'machine', question: 'machine', limit: 40 },
  ...ask(
    'cores',
    SUBJECT_NAMES.filter((name) => missingFor(name).length === 0),
    60,
  ),
  ...runtimes('pipeline', [...GPU, ...CPU], 60),
  ...runtimes('workers', CPU, 80),
  ...runtimes('nets', [...GPU, ...CPU], 60),
  ...runtimes('death', GPU, 40),
  ...runtimes('embeddings', GPU, 40),
  { name: 'doctor', question: 'doctor', limit: 60 },
  ...ask('threads', ['likeness tfjs-wasm'], 40),
];

const words = process.argv.slice(2);
const file = join(
  process.env.LIKENESS_BENCH_RESULTS ?? join(import.meta.dirname, 'results'),
  'gpu.json',
);
if (words.includes('table')) table(JSON.parse(readFileSync(file, 'utf8')).answers);
else await run();
process.exit(0);

async function run() {
  const seconds = Number(words.find((word) => /^\d+$/.test(word)) ?? Infinity);
  const wanted = words.filter((word) => !/^\d+$/.test(word));
  const until = performance.now() + 1000 * seconds;
  // With names only these are asked again.
  const kept = wanted.length > 0 && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const answers = kept.answers ?? {};
  for (const each of QUESTIONS) {
    if (wanted.length > 0 && !wanted.some((word) => each.name.startsWith(word))) continue;
    const left = (until - performance.now()) / 1000;
    answers[each.name] =
      left < LEAST_SECONDS
        ? { leftOut: 'no time was left' }
        : await answerOf(each, Math.min(each.limit, left), answers.machine);
    const { error, leftOut, seconds: took } = answers[each.name];
    console.log(`${each.name}: ${error ?? leftOut ?? `${took.toFixed(0)} s`}`);
    save('gpu', { command: 'node benchmarks/gpu.mjs', answers });
  }
  table(answers);
}

/** Asks in a process group of its own; at the limit all of it is ended. */
function answerOf({ question, about }, limitSeconds, machine) {
  const startedAt = performance.now();
  const child = fork(join(import.meta.dirname, 'gpu-question.mjs'), [], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said = (said + text).slice(-2000);
  });
  return new Promise((done) => {
    const end = (answer) => {
      clearTimeout(timer);
      try {
        process.kill(-Number(child.pid), 'SIGKILL');
      } catch {
        // It has ended, with all that it started.
      }
      done({
        date: new Date().toISOString(),
        ...answer,
        seconds: (performance.now() - startedAt) / 1000,
      });
    };
    const timer = setTimeout(
      () => end({ error: `no answer within ${limitSeconds.toFixed(0)} s`, said }),
      1000 * limitSeconds,
    );
    child.once('message', end);
    child.once('exit', (code, signal) => end({ error: `ended by ${signal ?? code}`, said }));
    child.once('error', (error) => end({ error: error.message, said }));
    child.send({ question, about, machine });
  });
}
