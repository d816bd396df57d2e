// Records what each net gives for the seeded images: models/<name>/reference.json, which every runtime is held to.
//
//   npx tsc -p . && node benchmarks/record-reference.mjs
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadModelFiles } from '../dist/vision/models.js';
import { pipelineCards } from '../dist/vision/nets.js';
import { sampledOutputs, weightsOf } from '../dist/vision/runtimes/parity.js';
import { startRuntime } from '../dist/vision/runtimes/start.js';

const SEED = 20260;
const IMAGES = 2;
const RUNTIME = 'tfjs-wasm';

const runtime = await startRuntime(RUNTIME);
for (const card of await pipelineCards()) {
  const net = await runtime.load(await loadModelFiles(card));
  const outputs = await sampledOutputs(card, net, { seed: SEED, images: IMAGES });
  const file = resolve(import.meta.dirname, '../models', card.name, 'reference.json');
  const reference = {
    seed: SEED,
    images: IMAGES,
    recordedWith: `${RUNTIME} 4.22.0`,
    weights: weightsOf(card),
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, images]) => [
        name,
        images.map((numbers) => numbers.map((number) => Number(number.toPrecision(7)))),
      ]),
    ),
  };
  writeFileSync(file, `${JSON.stringify(reference)}\n`);
  console.log(`written to ${file}`);
}
