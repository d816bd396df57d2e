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
  type ModelFiles,
  type ModelPlace,
  type PlacedCard,
  placedNets,
} from './models.js';
import {
  checkParity,
  firstImageOf,
  type Parity,
  type Reference,
  referenceImages,
  takeWorse,
} from './runtimes/parity.js';
import {
  batchOf,
  type Net,
  type Nets,
  RUNTIMES,
  type Runtime,
  RuntimeFault,
} from './runtimes/runtime.js';

/** The nets of a pipeline on one runtime, each checked before it gives its first number. */
export interface LoadedNets {
  nets: Nets;
  /** How far this runtime is from the recorded numbers, at the worst net that every photo needs. */
  parity: Parity;
  /**
   * Loads and checks the others as well, which wait for the first request that wants them, and holds all to every
   * image of their reference.
   *
   * @returns the parity at the worst net of all.
   * @throws OperatorError as `loadNets` does.
   */
  complete: () => Promise<Parity>;
}

/** The embedder used unless an operator says otherwise. */
export const DEFAULT_EMBEDDERS: readonly ModelPlace[] = [builtIn(DEFAULT_MODELS.embedder)];

/** The cards of the nets a pipeline is made of. */
export async function pipelineCards(
  embedders: readonly ModelPlace[] = DEFAULT_EMBEDDERS,
): Promise<PlacedCard[]> {
  const nets = (await Promise.all(embedders.map(placedNets))).flat();
  // A fusion and another model may have a part in common.
  const byName = new Map(nets.map((placed) => [placed.card.name, placed]));
  const others = await Promise.all([
    loadPlaced(builtIn(DEFAULT_MODELS.detector), 'detector'),
    loadPlaced(builtIn(DEFAULT_MODELS.landmarks), 'landmarks'),
    ...Object.values(ATTRIBUTE_MODELS).map((name) => loadPlaced(builtIn(name), 'attributes')),
  ]);
  return [...others, ...byName.values()];
}

/**
 * Loads the nets of a pipeline on a runtime and holds each to the numbers recorded for the first image of its
 * reference. That first run also compiles their kernels, so what is returned is warm. The files of all are checked; the
 * nets behind attributes, which few requests ask for, are loaded and held to their numbers when they are first run.
 *
 * @throws OperatorError for a missing or altered model file, and when the runtime computes something else, gives
 *   a wrong shape or cannot run a net.
 */
export async function loadNets(
  runtime: Runtime,
  embedders: readonly ModelPlace[] = DEFAULT_EMBEDDERS,
): Promise<LoadedNets> {
  const nets = new Map<string, Net>();
  const parity: Parity = { cosine: 1, deviation: 0 };
  const all: (() => Promise<HeldNet>)[] = [];
  for (const { placed, content } of await readContents(embedders)) {
    const [{ card }] = placed;
    const { files, references } = await content;
    if (card.task === 'attributes') {
      const checked = once(async () => {
        const later = await contentOf(placed);
        return heldNet(card, await runtime.load(later.files), later.references);
      });
      all.push(checked);
      nets.set(card.name, runWhenLoaded(batchOf(runtime.name, card), checked));
      continue;
    }
    const checked = await heldNet(card, await runtime.load(files), references);
    for (const { card: each } of placed) nets.set(each.name, checked.net);
    takeWorse(parity, checked.parity);
    all.push(async () => checked);
  }
  return {
    nets,
    parity,
    complete: async () => {
      const worst = { ...parity };
      for (const checked of all) takeWorse(worst, await (await checked()).checkAll());
      return worst;
    },
  };
}

interface HeldNet {
  net: Net;
  /** At the first image of its reference. */
  parity: Parity;
  checkAll: () => Promise<Parity>;
}

/** Models whose nets compute the same, the first ones first. */
type SameNet = readonly [PlacedCard, ...PlacedCard[]];

/** Models that differ only around their net share it, and its memory. */
function byComputation(cards: readonly PlacedCard[]): SameNet[] {
  const groups = new Map<string, [PlacedCard, ...PlacedCard[]]>();
  for (const placed of cards) {
    const key = computationOf(placed.card);
    const group = groups.get(key);
    if (group) group.push(placed);
    else groups.set(key, [placed]);
  }
  return [...groups.values()];
}

/** Holds a net to the first image of each of its references. */
async function heldNet(
  card: ModelCard,
  net: Net,
  references: readonly Reference[],
): Promise<HeldNet> {
  const check = async (against: readonly Reference[]): Promise<Parity> => {
    const worst: Parity = { cosine: 1, deviation: 0 };
    for (const reference of against)
      takeWorse(worst, await checkParity(card, net, reference).catch(forOperator));
    return worst;
  };
  return {
    net,
    parity: await check(references.map(firstImageOf)),
    checkAll: () => check(references),
  };
}

interface Content {
  files: ModelFiles;
  /** One of those that are alike. */
  references: Reference[];
}

/** What lies on the disk of a net, checked. */
async function contentOf(placed: SameNet): Promise<Content> {
  const [files, ...references] = await Promise.all([
    loadPlacedFiles(placed[0]),
    ...placed.map(({ card, place }) => loadReference(card.name, place.directory)),
  ]);
  const distinct = new Map(references.map((each) => [JSON.stringify(each), each]));
  return { files, references: [...distinct.values()] };
}

/** All of them are read while nets before them are loaded; a failure waits for its turn. */
async function readContents(
  embedders: readonly ModelPlace[],
): Promise<{ placed: SameNet; content: Promise<Content> }[]> {
  const computations = byComputation(await pipelineCards(embedders));
  return computations.map((placed) => {
    const content = contentOf(placed);
    content.catch(() => undefined);
    return { placed, content };
  });
}

/** The result of the first call, for all calls. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** A net that does not come up in service is a fault of the runtime, as one that cannot be run is. */
const runWhenLoaded = (maxBatch: number, load: () => Promise<HeldNet>): Net => ({
  maxBatch,
  run: async (pixels, batch) => {
    const { net } = await load().catch((cause: unknown) => {
      throw new RuntimeFault(cause instanceof Error ? cause.message : String(cause), { cause });
    });
    return net.run(pixels, batch);
  },
});

/** What a net computes. */
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
