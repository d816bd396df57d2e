import type { ModelCard } from './cards.js';
import {
  ATTRIBUTE_MODELS,
  DEFAULT_MODELS,
  loadCard,
  loadModelFiles,
  loadReference,
} from './models.js';
import { checkParity, type Parity, referenceImages } from './runtimes/parity.js';
import { type Net, type Nets, RUNTIMES, type Runtime } from './runtimes/runtime.js';

/** The nets of a pipeline on one runtime, checked. */
export interface LoadedNets {
  nets: Nets;
  /** How far this runtime is from the recorded numbers, at the worst net. */
  parity: Parity;
}

/** The cards of the nets a pipeline is made of. */
export const pipelineCards = (): Promise<ModelCard[]> =>
  Promise.all([
    ...Object.entries(DEFAULT_MODELS).map(([task, name]) =>
      loadCard(name, task as ModelCard['task']),
    ),
    ...Object.values(ATTRIBUTE_MODELS).map((name) => loadCard(name, 'attributes')),
  ]);

/**
 * Loads the default nets on a runtime and holds each to the numbers recorded for it. That first run also
 * compiles their kernels, so what is returned is warm.
 *
 * @throws OperatorError for a missing or altered model file, and when the runtime computes something else.
 * @throws RuntimeFault when a net cannot be run or gives a wrong shape.
 */
export async function loadNets(runtime: Runtime): Promise<LoadedNets> {
  const nets = new Map<string, Net>();
  const parity: Parity = { cosine: 1, deviation: 0 };
  for (const card of await pipelineCards()) {
    const [files, reference] = await Promise.all([loadModelFiles(card), loadReference(card.name)]);
    const net = await runtime.load(files);
    const { cosine, deviation } = await checkParity(card, net, reference);
    parity.cosine = Math.min(parity.cosine, cosine);
    parity.deviation = Math.max(parity.deviation, deviation);
    nets.set(card.name, net);
  }
  return { nets, parity };
}

/** Faces a GPU gets at once when it is timed: what it would gather under load. */
const GPU_FACES = 16;

const ROUNDS = 3;

/**
 * What the nets of one face take: one detection, one mesh, the embedding of the face and its mirror image.
 * Decoding and everything around the nets is the same for all runtimes and left out.
 *
 * @returns milliseconds a face, the median of a few rounds.
 */
export async function timeNets({ name }: Runtime, nets: Nets): Promise<number> {
  const faces = RUNTIMES[name].uses === 'gpu' ? GPU_FACES : 1;
  const cards = await pipelineCards();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let total = 0;
    for (const card of cards) {
      // Attributes are read only when asked for.
      if (card.task === 'attributes') continue;
      const images = card.task === 'embedder' && card.mirrorAverage ? 2 * faces : faces;
      const pixels = referenceImages(round, images, card.input.size);
      const startedAt = performance.now();
      await nets.get(card.name)!.run(pixels, images);
      total += performance.now() - startedAt;
    }
    times.push(total / faces);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}
