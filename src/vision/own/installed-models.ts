import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../errors.js';
import type { EmbedderCard } from '../cards.js';
import {
  builtIn,
  EMBEDDERS,
  findEmbedder,
  isBuiltIn,
  loadEmbedder,
  loadPlacedFiles,
  loadReference,
  type PlacedCard,
  placedNets,
} from '../models.js';
import type { EmbeddingCard } from '../parts.js';
import { checkParity, type Parity, takeWorse } from '../runtimes/parity.js';
import {
  candidatesFor,
  type Runtime,
  RuntimeFault,
  type RuntimeName,
} from '../runtimes/runtime.js';
import { startRuntime } from '../runtimes/start.js';
import { checkEmbedder } from './check.js';
import { requireOnnxruntime } from './require-onnxruntime.js';

/** An embedding model at hand, or why it is not usable. */
export type ListedModel = { name: string; directory: string } & (
  | { card: EmbeddingCard }
  | { fault: string }
);

/** The embedders that come with the program, then those that were added, by name. */
export async function listModels(modelsDirectory: string): Promise<ListedModel[]> {
  const entries = existsSync(modelsDirectory)
    ? await readdir(modelsDirectory, { withFileTypes: true })
    : [];
  const added = entries
    // Those that begin with a dot are being added.
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => ({ name, directory: modelsDirectory }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    [...EMBEDDERS.map(builtIn), ...added].map((place) =>
      loadEmbedder(place).then(
        (card) => ({ ...place, card }),
        (error: unknown) => ({ ...place, fault: (error as Error).message }),
      ),
    ),
  );
}

/** What a verification found. */
export interface Verified {
  /** Files whose checksums agree. */
  files: number;
  runtime: RuntimeName;
  /** At the worst of its nets. */
  parity: Parity;
}

/**
 * Checks a model as a start does: card, checksums, the numbers recorded when it was added, and that it embeds.
 *
 * @throws OperatorError that says what is wrong.
 */
export async function verifyModel(name: string, modelsDirectory: string): Promise<Verified> {
  const nets = await placedNets(findEmbedder(name, modelsDirectory));
  const cards = nets.map(({ card }) => card);
  requireOnnxruntime(...cards);
  const runtime = await startRuntime(candidatesFor(cards).fallback);
  const parity: Parity = { cosine: 1, deviation: 0 };
  for (const placed of nets) takeWorse(parity, await verifyNet(placed, runtime));
  const files = cards.reduce((sum, card) => sum + card.files.length, 0);
  return { files, runtime: runtime.name, parity };
}

async function verifyNet(placed: PlacedCard<EmbedderCard>, runtime: Runtime): Promise<Parity> {
  const { card, place } = placed;
  const files = await loadPlacedFiles(placed);
  const reference = await loadReference(card.name, place.directory);
  const net = await runtime.load(files);
  const parity = await checkParity(card, net, reference).catch((error: unknown) => {
    throw error instanceof RuntimeFault
      ? new OperatorError(`the model ${card.name} cannot be used: ${error.message}`, {
          cause: error,
        })
      : error;
  });
  await checkEmbedder(card, net);
  return parity;
}

/**
 * Removes an added model.
 *
 * @throws OperatorError for one that comes with the program and one that is not there.
 */
export async function removeModel(name: string, modelsDirectory: string): Promise<void> {
  if (isBuiltIn(name))
    throw new OperatorError(`the model ${name} comes with Likeness and is not removed`);
  const { directory } = findEmbedder(name, modelsDirectory);
  await rm(join(directory, name), { recursive: true });
}
