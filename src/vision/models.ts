import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AttributeName } from '../domain/face.js';
import { OperatorError } from '../errors.js';
import type { CardFile, EmbedderCard, ModelCard } from './cards.js';
import { checkCard } from './check-card.js';
import { faceApiTopology } from './graphs/face-api.js';
import type { Manifest } from './graphs/graph-builder.js';
import type { Reference } from './runtimes/parity.js';
import type { EmbeddingModel } from './vision.js';

/** A card with the checked content of its files. */
export interface ModelFiles<C extends ModelCard = ModelCard> {
  card: C;
  /** The content of the file with this role. */
  file(role: CardFile['role']): Uint8Array;
}

/** The nets used unless an operator says otherwise: all of permissive origin. */
export const DEFAULT_MODELS = {
  detector: 'blazeface-back',
  landmarks: 'facemesh',
  embedder: 'dlib-resnet',
} as const;

/** The nets behind the attributes that are told only when asked for. */
export const ATTRIBUTE_MODELS = {
  expression: 'face-expression',
  ageGender: 'age-gender',
} as const satisfies Record<AttributeName, string>;

/** Both src/vision and dist/vision lie two directories below the project. */
const CARDS = fileURLToPath(new URL('../../models/', import.meta.url));

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
  let card: ModelCard;
  try {
    card = JSON.parse(await readFile(path, 'utf8')) as ModelCard;
  } catch (cause) {
    throw new OperatorError(`model card ${path} cannot be read; restore it from the release`, {
      cause,
    });
  }
  if (card.task !== task)
    throw new OperatorError(`model card ${path} is for ${card.task}, expected ${task}`);
  checkCard(path, card);
  return card as Extract<ModelCard, { task: T }>;
}

/**
 * Reads models/<name>/reference.json.
 *
 * @throws OperatorError when it is missing or unreadable.
 */
export async function loadReference(name: string, directory: string = CARDS): Promise<Reference> {
  const path = join(directory, name, 'reference.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Reference;
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
 * @param packageRoot the npm package's directory, where it is not found by name.
 * @throws OperatorError that names the file, what was expected, what was found and the remedy.
 */
export async function loadModelFiles<C extends ModelCard>(
  card: C,
  packageRoot?: string,
): Promise<ModelFiles<C>> {
  const root = packageRoot ?? packageDirectory(card);
  const contents = new Map<CardFile['role'], Uint8Array>();
  for (const file of card.files) contents.set(file.role, await checkedFile(card, root, file));
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
  const expected = `expected sha256 ${file.sha256} from ${card.source.package} ${card.source.packageVersion}`;
  let content: Uint8Array;
  try {
    content = await readFile(path);
  } catch (cause) {
    throw new OperatorError(
      `model file ${path} of ${card.name}: ${expected}, found no readable file; run \`npm ci\``,
      { cause },
    );
  }
  const found = createHash('sha256').update(content).digest('hex');
  if (found !== file.sha256)
    throw new OperatorError(
      `model file ${path} of ${card.name}: ${expected}, found ${found}; run \`npm ci\``,
    );
  return content;
}

/** Not `require.resolve`: a package's `exports` may hide everything but its code. */
function packageDirectory({ name, source }: ModelCard): string {
  const searched = createRequire(import.meta.url).resolve.paths(source.package) ?? [];
  for (const directory of searched) {
    const root = join(directory, source.package);
    if (existsSync(join(root, 'package.json'))) return root;
  }
  throw new OperatorError(
    `package ${source.package} ${source.packageVersion}, which carries the model ${name}, is not installed; run \`npm ci\``,
  );
}

/** What the rest of the service knows of an embedder: see EmbeddingModel. */
export function embeddingModel(card: EmbedderCard): EmbeddingModel {
  const { calibration, outputs, version } = card;
  return {
    id: `${card.name}-${comparabilityDigest(card)}`,
    version,
    dimension: outputs[0]!.length,
    calibration: {
      version: calibration.version,
      exponent: calibration.exponent,
      points: calibration.points,
    },
  };
}

/** Over everything that moves an embedding: weights, preprocessing, alignment, mirror, normalisation. */
function comparabilityDigest({ files, architecture, input, ...card }: EmbedderCard): string {
  const parts = {
    weights: files.map((file) => file.sha256),
    architecture: architecture ?? null,
    input: { size: input.size, order: input.order, mean: input.mean, divisor: input.divisor },
    alignment: {
      landmarks: card.alignment.landmarks,
      points: card.alignment.points,
      template: card.alignment.template,
    },
    mirrorAverage: card.mirrorAverage,
    normalisation: 'l2',
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}
