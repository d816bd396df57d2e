import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { link, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperatorError } from '../../errors.js';
import type { CardFile, EmbedderCard, FusionCard } from '../cards.js';
import { checkCard, checkFusion } from '../check-card.js';
import { EMBEDDERS, loadCard, loadModelFiles, MODEL_NAME, partName } from '../models.js';
import type { EmbeddingCard, LoadedFusion, LoadedPart } from '../parts.js';
import { installedVersion } from '../runtimes/installed.js';
import { recordReference } from '../runtimes/parity.js';
import { candidatesFor, type Runtime } from '../runtimes/runtime.js';
import { startRuntime } from '../runtimes/start.js';
import { checkEmbedder, takesBatches } from './check.js';
import { completeCard, merged, startCard, startFusion } from './draft.js';
import type { FamilyName } from './families.js';
import { requireOnnxruntime } from './require-onnxruntime.js';
import {
  type CardDraft,
  type FusionDraft,
  findSource,
  fusionDraftAt,
  MOST_BYTES,
  type ModelSource,
} from './source.js';

/** What to add, and what is known of it. */
export interface AddRequest {
  /** See `findSource`. */
  path: string;
  /** Default: arcface. */
  family?: FamilyName;
  /** What the operator says of it; wins over a card that lies beside the model. */
  said?: CardDraft;
}

/**
 * Takes a model into the models directory: completes its card, runs it, records what it gives, and only then
 * puts it in place, whole.
 *
 * @throws OperatorError that says what is wrong with the model or its card; nothing is left behind then.
 */
export async function addModel(
  modelsDirectory: string,
  { path, family = 'arcface', said = {} }: AddRequest,
): Promise<EmbeddingCard> {
  const fusion = await findFusion(resolve(path));
  if (fusion) return addFusion(modelsDirectory, fusion, said);
  const source = await findSource(resolve(path));
  const known = merged<CardDraft>(merged({ name: nameOf(path) }, source.draft), said);
  return addSource(modelsDirectory, source, { family, known });
}

/** What is known of a model before it is looked at. */
export interface Known {
  family: FamilyName;
  known: CardDraft;
}

/**
 * The card of a model as far as it can be told without its files.
 *
 * @throws OperatorError for everything for which its files need not be at hand: a name that is none or taken, no
 * licence, no runtime for it.
 */
export function draftFor(
  modelsDirectory: string,
  format: ModelSource['format'],
  { family, known }: Known,
): EmbedderCard {
  const draft = startCard(family, known, { format, files: [] });
  requireOnnxruntime(draft);
  requireFree(modelsDirectory, draft.name);
  return draft;
}

/** Takes a model whose files were found. See `addModel`. */
export async function addSource(
  modelsDirectory: string,
  source: Omit<ModelSource, 'draft'>,
  { family, known }: Known,
): Promise<EmbedderCard> {
  const draft = draftFor(modelsDirectory, source.format, { family, known });
  return inPlace(modelsDirectory, draft.name, (folder) =>
    takeNet(folder, source, { draft, known }),
  );
}

/** Copies the files of a net into a folder, runs it there and records what it gives. */
async function takeNet(
  folder: string,
  source: Omit<ModelSource, 'draft'>,
  { draft, known }: { draft: EmbedderCard; known: CardDraft },
): Promise<EmbedderCard> {
  const files = await copyFiles(source, folder);
  return examined({ ...draft, files }, folder, known);
}

/** A part of a fusion that does not come with the program. */
export interface NewPart extends Known {
  source: Omit<ModelSource, 'draft'>;
}

/** A fusion as it lies somewhere, before it is added. */
export interface FusionSource {
  /** Its card, of which the name and the licence may be missing. */
  draft: FusionDraft;
  /** By the name it has in the card. */
  parts: ReadonlyMap<string, NewPart>;
}

/** Takes a fusion with those of its parts that do not come with the program. See `addModel`. */
export async function addFusion(
  modelsDirectory: string,
  { draft, parts }: FusionSource,
  said: CardDraft = {},
): Promise<LoadedFusion> {
  const card = startFusion(draft, said);
  checkFusion(card.name, card);
  requireFree(modelsDirectory, card.name);
  const drafts = card.parts.map(({ model }) => draftPart(card, model, parts.get(model)));
  return inPlace(modelsDirectory, card.name, async (folder) => {
    const loaded: LoadedPart[] = [];
    for (const [index, part] of card.parts.entries()) {
      const own = drafts[index];
      if (!own) loaded.push({ ...part, card: await loadCard(part.model, 'embedder') });
      else {
        const inside = join(folder, part.model);
        await mkdir(inside, { mode: 0o700 });
        loaded.push({ ...part, card: await takeNet(inside, own.source, own) });
      }
    }
    await writeJson(join(folder, 'card.json'), card);
    return { ...card, parts: loaded };
  });
}

/** The card of a part before its files are looked at; undefined for one that comes with the program. */
function draftPart(fusion: FusionCard, model: string, part: NewPart | undefined) {
  if (EMBEDDERS.some((own) => own === model)) return undefined;
  if (!part)
    throw new OperatorError(
      `the fusion ${fusion.name} names ${model}, which neither comes with Likeness nor lies in its folder`,
    );
  const { family, source } = part;
  const known = merged<CardDraft>(part.known, { name: model });
  const draft = startCard(family, known, { format: source.format, files: [] });
  requireOnnxruntime(draft);
  return { source, known, draft: { ...draft, name: partName(fusion.name, model) } };
}

function requireFree(modelsDirectory: string, name: string): void {
  if (existsSync(join(modelsDirectory, name)))
    throw new OperatorError(
      `there is a model ${name} in ${modelsDirectory} already: choose another --name, or remove that one first`,
    );
}

/** Fills a folder beside those of the models, and gives it its name once it is whole. */
async function inPlace<T>(
  modelsDirectory: string,
  name: string,
  fill: (folder: string) => Promise<T>,
): Promise<T> {
  const part = join(modelsDirectory, `.${name}.part-${process.pid}`);
  await mkdir(part, { recursive: true, mode: 0o700 });
  try {
    const filled = await fill(part);
    await rename(part, join(modelsDirectory, name));
    await sync(modelsDirectory);
    return filled;
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw error;
  }
}

/** A name that follows from that of the file or folder. */
const nameOf = (path: string): string =>
  basename(path)
    .replace(/\.onnx$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-');

/** Copies the files and looks at their checksums on the way. */
async function copyFiles(
  { folder, files, settled = false }: Omit<ModelSource, 'draft'>,
  part: string,
): Promise<CardFile[]> {
  const copied: CardFile[] = [];
  for (const { path, role, sha256, at = join(folder, path) } of files) {
    const to = join(part, path);
    if (dirname(to) !== part)
      throw new OperatorError(`the file ${path} of the model does not lie in its folder`);
    const found = settled && (await linked(at, to)) ? await hashOf(to) : await copyHashed(at, to);
    if (sha256 !== undefined && sha256 !== found)
      throw new OperatorError(`model file ${at}: expected sha256 ${sha256}, found ${found}`);
    copied.push({ path, role, sha256: found });
  }
  return copied;
}

/** Gives a file a second name; false where the file system has no such thing. */
const linked = (from: string, to: string): Promise<boolean> =>
  link(from, to).then(
    () => true,
    () => false,
  );

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function copyHashed(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  let bytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(bytes > MOST_BYTES ? new Error('it has more than 2 GiB') : null, chunk);
    },
  });
  try {
    await pipeline(createReadStream(from), measure, createWriteStream(to, { mode: 0o600 }));
  } catch (cause) {
    throw new OperatorError(
      `model file ${from} cannot be copied to ${to}: ${(cause as Error).message}`,
      { cause },
    );
  }
  await sync(to);
  return hash.digest('hex');
}

/** Runs the model on the runtime that others are compared with; writes its card and reference into the folder. */
async function examined(
  draft: EmbedderCard,
  folder: string,
  known: CardDraft,
): Promise<EmbedderCard> {
  const runtime = await startRuntime(candidatesFor([draft]).fallback);
  const files = await loadModelFiles(draft, folder);
  const completed = await completeCard(runtime, files, known).catch(forOperator(draft.name));
  // Before it is run: a member that is wrong is named as such, not by what follows from it.
  checkCard(join(folder, 'card.json'), completed);
  const card = await withBatch(runtime, { ...files, card: completed });
  const net = await runtime.load({ ...files, card });
  await checkEmbedder(card, net);
  const reference = await recordReference(card, net, recordedWith(runtime));
  for (const [name, content] of [
    ['card.json', card],
    ['reference.json', reference],
  ] as const)
    await writeJson(join(folder, name), content);
  return card;
}

async function writeJson(path: string, content: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  await sync(path);
}

async function withBatch(
  runtime: Runtime,
  model: Awaited<ReturnType<typeof loadModelFiles<EmbedderCard>>>,
): Promise<EmbedderCard> {
  const { card } = model;
  if (card.input.maxBatch === 1 || (await takesBatches(card, await runtime.load(model))))
    return card;
  return { ...card, input: { ...card.input, maxBatch: 1 } };
}

/** A model that cannot be read throws whatever its runtime throws. */
const forOperator =
  (name: string) =>
  (cause: unknown): never => {
    if (cause instanceof OperatorError) throw cause;
    const [reason] = String(cause instanceof Error ? cause.message : cause).split('\n', 1);
    throw new OperatorError(`the model ${name} cannot be run: ${reason}`, { cause });
  };

const recordedWith = ({ name }: Runtime): string =>
  `${name} ${installedVersion(name === 'tfjs-wasm' ? '@tensorflow/tfjs-core' : 'onnxruntime-node') ?? ''}`.trim();

/** Makes a file or the entries of a directory durable. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A fusion in a folder: its card, and a folder for each part that does not come with the program. */
async function findFusion(path: string): Promise<FusionSource | undefined> {
  const draft = await fusionDraftAt(path);
  if (!draft) return undefined;
  const parts = new Map<string, NewPart>();
  for (const { model = '' } of draft.parts ?? []) {
    const folder = join(path, model);
    if (!MODEL_NAME.test(model) || !existsSync(folder)) continue;
    const source = await findSource(folder);
    parts.set(model, { family: 'arcface', source, known: source.draft });
  }
  return { draft: merged<FusionDraft>({ name: nameOf(path) }, draft), parts };
}
