import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { link, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperatorError } from '../../errors.js';
import type { CardFile, EmbedderCard } from '../cards.js';
import { checkCard } from '../check-card.js';
import { loadModelFiles } from '../models.js';
import { installedVersion } from '../runtimes/installed.js';
import { recordReference } from '../runtimes/parity.js';
import { candidatesFor, type Runtime } from '../runtimes/runtime.js';
import { startRuntime } from '../runtimes/start.js';
import { checkEmbedder, takesBatches } from './check.js';
import { completeCard, merged, startCard } from './draft.js';
import type { FamilyName } from './families.js';
import { requireOnnxruntime } from './require-onnxruntime.js';
import { type CardDraft, findSource, MOST_BYTES, type ModelSource } from './source.js';

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
): Promise<EmbedderCard> {
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
  if (existsSync(join(modelsDirectory, draft.name)))
    throw new OperatorError(
      `there is a model ${draft.name} in ${modelsDirectory} already: choose another --name, or remove that one first`,
    );
  return draft;
}

/** Takes a model whose files were found. See `addModel`. */
export async function addSource(
  modelsDirectory: string,
  source: Omit<ModelSource, 'draft'>,
  { family, known }: Known,
): Promise<EmbedderCard> {
  const draft = draftFor(modelsDirectory, source.format, { family, known });
  const part = join(modelsDirectory, `.${draft.name}.part-${process.pid}`);
  await mkdir(part, { recursive: true, mode: 0o700 });
  try {
    const files = await copyFiles(source, part);
    const card = await examined({ ...draft, files }, part, known);
    await rename(part, join(modelsDirectory, draft.name));
    await sync(modelsDirectory);
    return card;
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
  ] as const) {
    await writeFile(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`, {
      mode: 0o600,
    });
    await sync(join(folder, name));
  }
  return card;
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
