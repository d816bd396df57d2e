// The subjects of the vision benchmark as processes, and the photos they are given.
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { heldTo } from './processors.mjs';

const project = resolve(import.meta.dirname, '..');
export const facesFolder = resolve(process.env.LIKENESS_FACES ?? join(project, '../shared/faces'));

/** What a subject needs besides what is always installed. */
const SUBJECTS = {
  'likeness tfjs-wasm': [],
  'likeness tfjs-wasm, mirror': [],
  'likeness onnxruntime': ['onnxruntime-node'],
  'likeness onnxruntime, mirror': ['onnxruntime-node'],
  human: [],
  'face-api': ['@tensorflow/tfjs'],
};
export const SUBJECT_NAMES = Object.keys(SUBJECTS);

export const missingFor = (name) =>
  SUBJECTS[name].filter((item) => !existsSync(join(project, 'node_modules', item)));

/** The official LFW pairs whose photos are there: { a, b, same, fold }. */
export function readPairs() {
  const [, ...lines] = readFileSync(join(facesFolder, 'lfw-pairs.csv'), 'utf8')
    .trim()
    .split(/\r?\n/);
  return lines
    .map((line) => {
      const [a, b, same, fold] = line.split(',');
      return { a, b, same: same === '1', fold };
    })
    .filter(({ a, b }) => [a, b].every((path) => existsSync(join(facesFolder, path))));
}

/** So many of the pairs: as many from each fold and kind. */
export function pickedPairs(count) {
  const kinds = pairsByKind();
  const each = Math.ceil(count / kinds.size);
  return [...kinds.values()].flatMap((list) => list.slice(0, each));
}

function pairsByKind() {
  const kinds = new Map();
  for (const pair of readPairs()) {
    const kind = `${pair.fold} ${pair.same}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), pair]);
  }
  return kinds;
}

/** Photos spread over all pairs, so that people and sizes are mixed. */
export function somePhotos(count) {
  const paths = [...new Set(readPairs().flatMap(({ a, b }) => [a, b]))];
  const step = Math.max(1, Math.floor(paths.length / count));
  return paths.filter((_, index) => index % step === 0).slice(0, count);
}

/** Starts a subject, held to a processor where one is given; resolves when it has loaded its nets and answers. */
export async function startSubject(name, processor) {
  const startedAt = performance.now();
  const child = fork(join(import.meta.dirname, 'vision-subject.mjs'), [name], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    ...heldTo(processor),
  });
  await answerOf(child);
  return {
    name,
    startMs: performance.now() - startedAt,
    /** Embeddings of photos by path, with CPU and wall time in milliseconds and the memory then held. */
    ask: (paths, which = '') => {
      child.send([...paths.map((path) => resolve(facesFolder, path)), which]);
      return answerOf(child);
    },
    end: () => new Promise((done) => child.once('exit', done) && child.disconnect()),
  };
}

function answerOf(child) {
  return new Promise((done, fail) => {
    const ended = (code) => fail(new Error(`a subject ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (answer) => {
      child.off('exit', ended);
      if (answer.error) fail(new Error(answer.error));
      else done(answer);
    });
  });
}

export const median = (values) =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

export const rounded = (value, digits = 1) => Number(value.toFixed(digits));
