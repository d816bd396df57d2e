// How well do other embedding models tell people apart, and what do they cost? Prints a table over LFW and writes
// results/models.json.
//
//   npx tsc -p . && node benchmarks/models.mjs [folder of labelled photos] [models directory] [names, with commas]
//
// The default of the last two: likeness-data/models and all that lie there, beside those that come along.
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { EMBEDDERS, findEmbedder } from '../dist/vision/models.js';
import { listModels } from '../dist/vision/own/installed-models.js';
import { createVision } from '../dist/vision/pool.js';
import { facesFolder, labelledFace, photos } from './faces.mjs';
import { save } from './measuring.mjs';
import { COLUMNS, recognition } from './recognition.mjs';

const directory = process.argv[3] ?? 'likeness-data/models';
const names = process.argv[4]?.split(',') ?? (await allNames());
const rows = photos().filter((row) => row.kind === 'identity' && row.source === 'lfw');
const embedders = names.map((name) => findEmbedder(name, directory));
const vision = await createVision({ embedders, workers: availableParallelism() });
const ids = vision.models.map(({ id }) => id);
// In the order of the manifest, which decides what users are made of.
const items = ids.map(() => new Map());
const waiting = [...rows];
await Promise.all(Array.from({ length: availableParallelism() }, work));
const report = {
  command: 'node benchmarks/models.mjs',
  photos: rows.length,
  runtime: vision.runtime,
  columns: COLUMNS,
  models: Object.fromEntries(names.map((name, at) => [name, recognition(inOrder(items[at]))])),
};
await vision.close();
save('models', report);
console.table(report.models);
process.exit(0);

async function work() {
  for (let row = waiting.shift(); row; row = waiting.shift()) {
    const bytes = readFileSync(join(facesFolder, row.path));
    const request = { filter: 'NONE', maxFaces: 100, embed: 'kept', models: ids };
    const face = labelledFace(row, await vision.analyse(bytes, request));
    if (!face) continue;
    for (const [at, embedding] of [face.embedding, ...(face.further ?? [])].entries())
      items[at].set(row.path, { ...row, embedding });
    if (waiting.length % 100 === 0) process.stderr.write(`\r${waiting.length} photos left `);
  }
}

function inOrder(byPath) {
  return rows.flatMap(({ path }) => byPath.get(path) ?? []);
}

async function allNames() {
  const added = await listModels(directory);
  return [
    ...EMBEDDERS,
    ...added.filter((model) => model.directory === directory).map(({ name }) => name),
  ];
}
