import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OperatorError } from '../../errors.js';
import type { CardFile, EmbedderCard, FusionCard } from '../cards.js';

/** A card of which members may be missing, at any depth. */
export type CardDraft = { readonly [K in keyof EmbedderCard]?: Draft<EmbedderCard[K]> };
type Draft<T> = T extends readonly (infer I)[]
  ? readonly Draft<I>[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> }
    : T;

/** The same of a fusion. */
export type FusionDraft = { readonly [K in keyof FusionCard]?: Draft<FusionCard[K]> };

/** One file of a model, before it is added. */
export interface SourceFile {
  /** Its name beside the card. */
  path: string;
  role: CardFile['role'];
  /** What it has to be, where that is known. */
  sha256?: string;
  /** Where it lies, where that is not under its name in the folder. */
  at?: string;
}

/** No model file anyone uses for faces is larger. */
export const MOST_BYTES = 2 ** 31 - 1;

/** A model as it lies somewhere, before it is added. */
export interface ModelSource {
  format: 'tfjs-graph' | 'onnx';
  /** The folder of the files. */
  folder: string;
  /** In the order of the card. */
  files: SourceFile[];
  /** The files were made for this and never change: they need not be copied. */
  settled?: boolean;
  /** The card that lies beside them, if any. */
  draft: CardDraft;
}

/** Files in one folder whose content is a card. */
const CARD = 'card.json';
const TOPOLOGY = 'model.json';

/**
 * Looks at what is at a path: an ONNX file, a folder with the model.json of a TensorFlow.js graph model, or a
 * folder with a card.json that names its files.
 *
 * @throws OperatorError when it is none of these.
 */
export async function findSource(path: string): Promise<ModelSource> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new OperatorError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  });
  if (info.isFile() && path.endsWith('.onnx'))
    return {
      format: 'onnx',
      folder: dirname(path),
      files: [{ path: basename(path), role: 'onnx' }],
      draft: {},
    };
  if (!info.isDirectory())
    throw new OperatorError(
      `${path} is no model: expected an .onnx file, or a folder with a TensorFlow.js ${TOPOLOGY} or a ${CARD}`,
    );
  const draft = (await readJson(join(path, CARD))) as CardDraft | undefined;
  if (draft?.files) return fromCard(path, draft);
  const topology = await readJson(join(path, TOPOLOGY));
  if (topology === undefined)
    throw new OperatorError(`${path} holds neither a ${TOPOLOGY} nor a ${CARD} that names files`);
  return {
    format: 'tfjs-graph',
    folder: path,
    files: [{ path: TOPOLOGY, role: 'topology' }, ...shardsOf(join(path, TOPOLOGY), topology)],
    draft: draft ?? {},
  };
}

/**
 * The card of a fusion, if a folder with one is at a path.
 *
 * @throws OperatorError when it cannot be read.
 */
export async function fusionDraftAt(path: string): Promise<FusionDraft | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (!info?.isDirectory()) return undefined;
  const draft = (await readJson(join(path, CARD))) as FusionDraft | undefined;
  return draft?.format === 'fusion' ? draft : undefined;
}

function fromCard(folder: string, draft: CardDraft): ModelSource {
  const { format, files = [], source } = draft;
  if (format !== 'tfjs-graph' && format !== 'onnx')
    throw new OperatorError(
      `${join(folder, CARD)}: format is ${JSON.stringify(format)}, expected tfjs-graph or onnx`,
    );
  if (source?.package !== undefined)
    throw new OperatorError(`${join(folder, CARD)}: a model inside a package is not added`);
  return { format, folder, files: files.map((file) => namedFile(folder, file)), draft };
}

function namedFile(folder: string, file: Draft<CardFile>): SourceFile {
  const { path, role, sha256 } = file;
  if (typeof path !== 'string' || role === undefined)
    throw new OperatorError(
      `${join(folder, CARD)}: files holds ${JSON.stringify(file)}, expected path and role`,
    );
  return { path, role, ...(sha256 !== undefined && { sha256 }) };
}

/** The weights of a graph model, in the order of its manifest. */
function shardsOf(path: string, topology: unknown): SourceFile[] {
  const { format, weightsManifest } = topology as {
    format?: string;
    weightsManifest?: { paths?: string[] }[];
  };
  if (format !== 'graph-model' || !Array.isArray(weightsManifest))
    throw new OperatorError(
      `${path} is ${format === undefined ? 'no TensorFlow.js model' : `a ${format}`}, expected a graph-model with its weights: convert it with tensorflowjs_converter --output_format=tfjs_graph_model`,
    );
  return weightsManifest
    .flatMap(({ paths = [] }) => paths)
    .map((shard) => ({ path: shard, role: 'weights' as const }));
}

/** Undefined where there is no such file. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new OperatorError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OperatorError(`${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
