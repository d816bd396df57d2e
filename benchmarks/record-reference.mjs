// Records what each net gives for the seeded images: models/<name>/reference.json, which every runtime is held to.
//
//   npx tsc -p . && node benchmarks/record-reference.mjs
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { builtIn, EMBEDDERS, loadPlacedFiles } from '../dist/vision/models.js';
import { pipelineCards } from '../dist/vision/nets.js';
import { recordReference } from '../dist/vision/runtimes/parity.js';
import { startRuntime } from '../dist/vision/runtimes/start.js';

const RUNTIME = 'tfjs-wasm';

const runtime = await startRuntime(RUNTIME);
for (const placed of await pipelineCards(EMBEDDERS.map(builtIn))) {
  const { card } = placed;
  const net = await runtime.load(await loadPlacedFiles(placed));
  const reference = await recordReference(card, net, `${RUNTIME} 4.22.0`);
  const file = resolve(import.meta.dirname, '../models', card.name, 'reference.json');
  writeFileSync(file, `${JSON.stringify(reference)}\n`);
  console.log(`written to ${file}`);
}
