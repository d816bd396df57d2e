import { stat } from 'node:fs/promises';
import { PROVISIONAL_CURVE } from '../../domain/calibration.js';
import { outlierDistanceOf } from '../../domain/centroid.js';
import type { CalibrationCurve } from '../../domain/similarity.js';
import { OperatorError } from '../../errors.js';
import {
  builtIn,
  DEFAULT_MODELS,
  embeddingModel,
  findEmbedder,
  loadEmbedder,
  type ModelPlace,
} from '../../vision/models.js';
import type { EmbeddingModel, Vision } from '../../vision/vision.js';
import type { FaceInput } from '../measure.js';
import { type EmbedOptions, embedPhotos } from './embed.js';
import {
  type Condition,
  type PhotoList,
  photosInCsv,
  photosInFolder,
  photosInLfwPairs,
} from './photos.js';
import { looksLikeScores } from './score-file.js';

/** What a path on the command line is. */
export async function kindOf(path: string): Promise<'folder' | 'csv' | 'pairs' | 'scores'> {
  const info = await stat(path).catch(() => undefined);
  if (!info) throw new OperatorError(`${path} does not exist`);
  if (info.isDirectory()) return 'folder';
  if (await looksLikeScores(path)) return 'scores';
  return /\.csv$/i.test(path) ? 'csv' : 'pairs';
}

/** Which of the photos that a path names are meant. */
export interface PhotoChoice {
  /** Where the paths of a file begin; undefined: beside it. */
  photoRoot?: string;
  where: readonly Condition[];
  /** Only people with at least so many photos. */
  minPhotos: number;
}

/** The photos a path names. */
export async function photosAt(
  path: string,
  kind: 'folder' | 'csv' | 'pairs',
  { photoRoot, where, minPhotos }: PhotoChoice,
): Promise<PhotoList> {
  if (where.length > 0 && kind !== 'csv')
    throw new OperatorError('--where chooses rows of a CSV file; this is none');
  const read = {
    folder: () => photosInFolder(path),
    csv: () => photosInCsv(path, { where, ...(photoRoot !== undefined && { photoRoot }) }),
    pairs: () => photosInLfwPairs(path, photoRoot),
  };
  return ofPeopleWith(minPhotos, await read[kind]());
}

function ofPeopleWith(minPhotos: number, list: PhotoList): PhotoList {
  if (minPhotos === 1) return list;
  if (list.pairs)
    throw new OperatorError('--min-photos chooses people; a list of pairs names its photos itself');
  const counts = new Map<string | undefined, number>();
  for (const { subject } of list.photos) counts.set(subject, (counts.get(subject) ?? 0) + 1);
  const photos = list.photos.filter(({ subject }) => (counts.get(subject) ?? 0) >= minPhotos);
  if (photos.length === 0)
    throw new OperatorError(`--min-photos ${minPhotos}: nobody has so many photos`);
  return { ...list, photos };
}

/** Where a model lies; OperatorError where there is none of this name. */
export const modelAt = findEmbedder;

/** The embedding model that photos are measured with; default: the one that comes with the program. */
export const installedModel = async (
  place: ModelPlace = builtIn(DEFAULT_MODELS.embedder),
): Promise<EmbeddingModel> => embeddingModel(await loadEmbedder(place));

/**
 * Photos, embedded: ready to be measured.
 *
 * @param calibration what similarities are told by, other than the curve shipped with the model.
 */
export async function photoInput(
  list: PhotoList,
  options: EmbedOptions,
  calibration: CalibrationCurve = options.model.calibration ?? PROVISIONAL_CURVE,
): Promise<FaceInput> {
  const { model } = options;
  const { id, version, dimension } = model;
  const outlierDistance = outlierDistanceOf(model.calibration ?? calibration);
  const { kind, name, labelsComplete, pairs } = list;
  return {
    kind,
    name,
    labelsComplete,
    ...(pairs && { pairs }),
    ...(await embedPhotos(list, options)),
    model: { id, version, dimension, calibration, outlierDistance },
  };
}

export { kernels } from '../../vectors/kernels.js';

/** The service's own vision part. */
export async function openVision(options: {
  runtime: string;
  workers: number;
  timeoutMs: number;
  embedders?: readonly ModelPlace[];
}): Promise<Vision> {
  const { createVision } = await import('../../vision/pool.js');
  return createVision(options);
}
