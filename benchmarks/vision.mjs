// How fast is a photo turned into an embedding, JPEG bytes to vector, beside @vladmandic/human and
// @vladmandic/face-api on the same WASM engine, and how often is each right on the same LFW pairs?
//
//   npm run bench:vision -- [pairs, default 200] [folder of labelled photos, default ../shared/faces]
//
// Every subject is a process of its own; they take turns with the same few photos, so that load on the machine
// meets all alike. Faces a second are per second of CPU time: what one core does when it is free.
// ONNX Runtime and face-api take part where these are installed:
//   ONNXRUNTIME_NODE_INSTALL=skip npm install --no-save onnxruntime-node@1.30.0 @tensorflow/tfjs@4.22.0
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { save } from './measuring.mjs';
import { cosine, foldAccuracy } from './metrics.mjs';

const project = resolve(import.meta.dirname, '..');
const wantedPairs = Number(process.argv[2] ?? 200);
const folder = resolve(process.argv[3] ?? join(project, '../shared/faces'));
const PHOTOS_A_TURN = 8;

/** What a subject needs besides what is always installed. */
const SUBJECTS = {
  'likeness tfjs-wasm': [],
  'likeness tfjs-wasm, mirror': [],
  'likeness onnxruntime': ['onnxruntime-node'],
  'likeness onnxruntime, mirror': ['onnxruntime-node'],
  human: [],
  'face-api': ['@tensorflow/tfjs'],
};

const pairs = pickedPairs();
const paths = [...new Set(pairs.flatMap(({ a, b }) => [a, b]))];
const subjects = [];
for (const [name, packages] of Object.entries(SUBJECTS)) {
  const missing = packages.filter((item) => !existsSync(join(project, 'node_modules', item)));
  if (missing.length > 0) console.log(`${name}: left out, ${missing.join(', ')} is not installed`);
  else subjects.push(await start(name));
}
await takeTurns();
const rows = subjects.map(report);
console.table(Object.fromEntries(rows.map(({ subject, ...row }) => [subject, row])));
save('vision', {
  command: 'npm run bench:vision',
  pairs: pairs.length,
  photos: paths.length,
  rows,
});
process.exit(0);

/** As many pairs from each fold, half of them of one person. */
function pickedPairs() {
  const [, ...lines] = readFileSync(join(folder, 'lfw-pairs.csv'), 'utf8').trim().split(/\r?\n/);
  const all = lines.map((line) => {
    const [a, b, same, fold] = line.split(',');
    return { a, b, same: same === '1', fold };
  });
  const kinds = new Map();
  for (const pair of all) {
    const kind = `${pair.fold} ${pair.same}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), pair]);
  }
  const each = Math.ceil(wantedPairs / kinds.size);
  return [...kinds.values()].flatMap((list) => list.slice(0, each));
}

async function start(name) {
  const startedAt = performance.now();
  const child = fork(join(import.meta.dirname, 'vision-subject.mjs'), [name], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await answerOf(child);
  return {
    name,
    child,
    startMs: performance.now() - startedAt,
    embeddings: new Map(),
    turns: [],
    rssMb: 0,
  };
}

function answerOf(child) {
  return new Promise((done, fail) => {
    child.once('exit', (code) => fail(new Error(`a subject ended with ${code}`)));
    child.once('message', (answer) => {
      child.removeAllListeners('exit');
      if (answer.error) fail(new Error(answer.error));
      else done(answer);
    });
  });
}

async function takeTurns() {
  // The first photo of each is not counted: it compiles what the warm-up left.
  for (const subject of subjects) await ask(subject, paths.slice(0, 1));
  for (let first = 0; first < paths.length; first += PHOTOS_A_TURN) {
    const turn = paths.slice(first, first + PHOTOS_A_TURN);
    for (const subject of subjects) {
      const { embeddings, cpuMs, wallMs, rssMb } = await ask(subject, turn);
      for (const [index, path] of turn.entries()) subject.embeddings.set(path, embeddings[index]);
      subject.turns.push({ cpuMs: cpuMs / turn.length, wallMs: wallMs / turn.length });
      subject.rssMb = Math.max(subject.rssMb, rssMb);
    }
    process.stderr.write(`\r${first + turn.length}/${paths.length} photos `);
  }
  process.stderr.write('\n');
}

function ask({ child }, turn) {
  child.send(turn.map((path) => join(folder, path)));
  return answerOf(child);
}

function report({ name, startMs, embeddings, turns, rssMb }) {
  const scored = pairs.flatMap(({ a, b, same, fold }) => {
    const [left, right] = [embeddings.get(a), embeddings.get(b)];
    // A face that was not found cannot be told from any other.
    return [{ same, fold, score: left && right ? cosine(left, right) : -1 }];
  });
  const median = (key) =>
    turns.map((turn) => turn[key]).toSorted((a, b) => a - b)[Math.floor(turns.length / 2)];
  const accuracy = foldAccuracy(scored).mean;
  return {
    subject: name,
    cpuMsPerFace: Number(median('cpuMs').toFixed(1)),
    facesPerCpuSecond: Number((1000 / median('cpuMs')).toFixed(1)),
    wallMsPerFace: Number(median('wallMs').toFixed(1)),
    accuracyPercent: Number((100 * accuracy).toFixed(2)),
    notFound: [...embeddings.values()].filter((embedding) => !embedding).length,
    rssMb: Math.round(rssMb),
    startMs: Math.round(startMs),
  };
}
