import { OperatorError } from '../errors.js';
import type { ModelCard } from './cards.js';
import { viewsOf } from './embed.js';
import {
  ATTRIBUTE_MODELS,
  builtIn,
  DEFAULT_MODELS,
  loadPlaced,
  loadPlacedFiles,
  loadReference,
  type ModelPlace,
  type PlacedCard,
} from './models.js';
import { checkParity, type Parity, referenceImages } from './runtimes/parity.js';
import { type Net, type Nets, RUNTIMES, type Runtime, RuntimeFault } from './runtimes/runtime.js';

/** The nets of a pipeline on one runtime, checked. */
export interface LoadedNets {
  nets: Nets;
  /** How far this runtime is from the recorded numbers, at the worst net. */
  parity: Parity;
}

/** The embedder used unless an operator says otherwise. */
export const DEFAULT_EMBEDDERS: readonly ModelPlace[] = [builtIn(DEFAULT_MODELS.embedder)];

/** The cards of the nets a pipeline is made of. */
export const pipelineCards = (
  embedders: readonly ModelPlace[] = DEFAULT_EMBEDDERS,
): Promise<PlacedCard[]> =>
  Promise.all([
    loadPlaced(builtIn(DEFAULT_MODELS.detector), 'detector'),
    loadPlaced(builtIn(DEFAULT_MODELS.landmarks), 'landmarks'),
    ...embedders.map((place) => loadPlaced(place, 'embedder')),
    ...Object.values(ATTRIBUTE_MODELS).map((name) => loadPlaced(builtIn(name), 'attributes')),
  ]);

/**
 * Loads the nets of a pipeline on a runtime and holds each to the numbers recorded for it. That first run also
 * compiles their kernels, so what is returned is warm.
 *
 * @throws OperatorError for a missing or altered model file, and when the runtime computes something else, gives
 *   a wrong shape or cannot run a net.
 */
export async function loadNets(
  runtime: Runtime,
  embedders: readonly ModelPlace[] = DEFAULT_EMBEDDERS,
): Promise<LoadedNets> {
  const nets = new Map<string, Net>();
  const loaded = new Map<string, Net>();
  const parity: Parity = { cosine: 1, deviation: 0 };
  for (const placed of await pipelineCards(embedders)) {
    const { card, place } = placed;
    const [files, reference] = await Promise.all([
      loadPlacedFiles(placed),
      loadReference(card.name, place.directory),
    ]);
    const key = computationOf(card);
    const net = loaded.get(key) ?? (await runtime.load(files));
    loaded.set(key, net);
    const { cosine, deviation } = await checkParity(card, net, reference).catch(forOperator);
    parity.cosine = Math.min(parity.cosine, cosine);
    parity.deviation = Math.max(parity.deviation, deviation);
    nets.set(card.name, net);
  }
  return { nets, parity };
}

/** What a net computes: models that differ only around it share it, and its memory. */
const computationOf = ({ files, architecture, input, outputs }: ModelCard): string =>
  JSON.stringify([files.map(({ sha256 }) => sha256), architecture, input, outputs]);

/** At a start a net that does not run is the operator's to repair. */
function forOperator(error: unknown): never {
  if (error instanceof RuntimeFault) throw new OperatorError(error.message, { cause: error });
  throw error;
}

/** Faces a GPU gets at once when it is timed: what it would gather under load. */
const GPU_FACES = 16;

const ROUNDS = 3;

/**
 * What the nets of one face take: one detection, one mesh, and the embedding with all its views.
 * Decoding and everything around the nets is the same for all runtimes and left out.
 *
 * @returns milliseconds a face, the median of a few rounds.
 */
export async function timeNets(
  { name }: Runtime,
  nets: Nets,
  embedders: readonly ModelPlace[] = DEFAULT_EMBEDDERS,
): Promise<number> {
  const faces = RUNTIMES[name].uses === 'gpu' ? GPU_FACES : 1;
  // Photos are embedded by one model; the first is the one most of them meet.
  const cards: ModelCard[] = (await pipelineCards(embedders.slice(0, 1))).map(({ card }) => card);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let total = 0;
    for (const card of cards) {
      // Attributes are read only when asked for.
      if (card.task === 'attributes') continue;
      const net = nets.get(card.name)!;
      const images = card.task === 'embedder' ? viewsOf(card) * faces : faces;
      const atOnce = Math.min(images, net.maxBatch);
      const pixels = referenceImages(round, atOnce, card.input.size);
      const startedAt = performance.now();
      await net.run(pixels, atOnce);
      total += ((performance.now() - startedAt) * images) / atOnce;
    }
    times.push(total / faces);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}
