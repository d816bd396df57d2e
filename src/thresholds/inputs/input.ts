import { stat } from 'node:fs/promises';
import { PROVISIONAL_CURVE } from '../../domain/calibration.js';
import { OperatorError } from '../../errors.js';
import { DEFAULT_MODELS, embeddingModel, loadCard } from '../../vision/models.js';
import type { EmbeddingModel, Vision } from '../../vision/vision.js';
import type { FaceInput } from '../measure.js';
import { type EmbedOptions, embedPhotos } from './embed.js';
import { type PhotoList, photosInCsv, photosInFolder, photosInLfwPairs } from './photos.js';
import { looksLikeScores } from './score-file.js';

/** What a path on the command line is. */
export async function kindOf(path: string): Promise<'folder' | 'csv' | 'pairs' | 'scores'> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new OperatorError(`${path} does not exist`);
  if (info.isDirectory()) return 'folder';
  if (await looksLikeScores(path)) return 'scores';
  return /\.csv$/i.test(path) ? 'csv' : 'pairs';
}

/** The photos a path names. */
export async function photosAt(
  path: string,
  kind: 'folder' | 'csv' | 'pairs',
  { photoRoot, where }: { photoRoot?: string; where: readonly (readonly [string, string])[] },
): Promise<PhotoList> {
  if (where.length > 0 && kind !== 'csv')
    throw new OperatorError('--where chooses rows of a CSV file; this is none');
  if (kind === 'folder') return photosInFolder(path);
  if (kind === 'pairs') return photosInLfwPairs(path, photoRoot);
  return photosInCsv(path, { where, ...(photoRoot !== undefined && { photoRoot }) });
}

/** The embedding model that photos are measured with. */
export const installedModel = async (): Promise<EmbeddingModel> =>
  embeddingModel(await loadCard(DEFAULT_MODELS.embedder, 'embedder'));

/** Photos, embedded: ready to be measured. */
export async function photoInput(list: PhotoList, options: EmbedOptions): Promise<FaceInput> {
  const { model } = options;
  const { id, version, dimension, calibration } = model;
  const { kind, name, labelsComplete, pairs } = list;
  return {
    kind,
    name,
    labelsComplete,
    ...(pairs && { pairs }),
    ...(await embedPhotos(list, options)),
    model: { id, version, dimension, calibration: calibration ?? PROVISIONAL_CURVE },
  };
}

export { kernels } from '../../vectors/kernels.js';

/** The service's own vision part. */
export async function openVision(options: {
  runtime: string;
  workers: number;
  timeoutMs: number;
}): Promise<Vision> {
  const { createVision } = await import('../../vision/pool.js');
  return createVision(options);
}
