// How fast is a photo turned into an embedding, JPEG bytes to vector, beside @vladmandic/human and
// @vladmandic/face-api on the same WASM engine, and how often is each right on the same LFW pairs?
//
//   npm run bench:vision                              all parts, one after the other: about 20 minutes
//   npm run bench:vision -- speed cores group start   those parts
//   npm run bench:vision -- accuracy 240              more of the photos of the pairs, for at most 240 seconds
//   npm run bench:vision -- labelled                  the labelled photos, in full: see accuracy.mjs
//   npm run bench:vision -- table                     the tables again from results/vision.json
//
// LIKENESS_PAIRS=200 takes so many of the pairs, evenly from each fold and kind. LIKENESS_FACES names the folder of
// labelled photos, default ../shared/faces. What a part has found is kept in
// results/vision.json and, photo by photo, in the temporary folder, so that a run that was stopped goes on.
//
// Every subject is a process of its own; they take turns with the same few photos, so that load on the machine
// meets all alike. Faces a second are per second of CPU time: what one core does when it is free. ONNX Runtime and
// face-api take part where these are installed:
//   ONNXRUNTIME_NODE_INSTALL=skip npm install --no-save onnxruntime-node@1.30.0 @tensorflow/tfjs@4.22.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { save } from './measuring.mjs';
import { accuracy } from './vision-accuracy.mjs';
import { labelled } from './vision-labelled.mjs';
import { cores, group, speed } from './vision-parts.mjs';
import { start } from './vision-start.mjs';
import { missingFor, SUBJECT_NAMES } from './vision-subjects.mjs';
import { table } from './vision-table.mjs';

const PARTS = { speed, cores, group, start, accuracy, labelled };
const [wanted, ...rest] = process.argv.slice(2);
const file = join(
  process.env.LIKENESS_BENCH_RESULTS ?? join(import.meta.dirname, 'results'),
  'vision.json',
);
const kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { parts: {} };
const names = [wanted, ...rest].filter((name) => Object.hasOwn(PARTS, name ?? ''));
if (wanted === 'table') table(kept.parts);
else await run(names.length > 0 ? names : Object.keys(PARTS));
process.exit(0);

async function run(parts) {
  const subjects = SUBJECT_NAMES.filter((name) => {
    const missing = missingFor(name);
    if (missing.length > 0)
      console.log(`${name}: left out, ${missing.join(', ')} is not installed`);
    return missing.length === 0;
  });
  for (const part of parts) {
    console.log(`\n${part}`);
    const seconds = Number(rest.find((word) => /^\d+$/.test(word)) ?? Infinity);
    kept.parts[part] = {
      date: new Date().toISOString(),
      ...(await PARTS[part](subjects, seconds)),
    };
    save('vision', { command: 'npm run bench:vision', parts: kept.parts });
  }
  table(kept.parts);
}
