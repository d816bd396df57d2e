import { createHash } from 'node:crypto';
import { PROVISIONAL_CURVE } from '../../domain/calibration.js';
import { OperatorError } from '../../errors.js';
import type { EmbeddingModel } from '../../vision/vision.js';
import type { FaceInput } from '../measure.js';
import type { Warning } from '../report.js';
import { count } from './photos.js';

/** What a store tells of a collection. */
export interface StoredFaces {
  modelId: string;
  calibrationVersion: string;
  dimension: number;
  faces: readonly {
    faceId: string;
    externalImageId: string | undefined;
    userId: string;
    confidence: number;
    embedding: Float32Array;
  }[];
  withoutUser: number;
}

/** A collection's users as known people. OperatorError where it has none, or is of another model. */
export function collectionInput(
  collectionId: string,
  { modelId, dimension, faces, withoutUser }: StoredFaces,
  model: EmbeddingModel,
): FaceInput {
  if (modelId !== model.id)
    throw new OperatorError(
      `${collectionId} is of the model ${modelId}, this program has ${model.id}: its similarities cannot be told`,
    );
  if (faces.length === 0)
    throw new OperatorError(
      `${collectionId} has no users with faces, so nobody knows who is who: associate faces with users first, or measure a folder of photos`,
    );
  const warnings: Warning[] = [];
  if (withoutUser > 0)
    warnings.push({
      code: 'FACES_WITHOUT_USER',
      text: `${count(withoutUser, 'face')} of the collection belong to no user and were left out.`,
      items: [],
      count: withoutUser,
    });
  const hash = createHash('sha256');
  for (const { faceId, userId } of faces) hash.update(`${faceId} ${userId}\n`);
  return {
    kind: 'collection',
    name: collectionId,
    sha256: hash.digest('hex'),
    faces: faces.map(({ faceId, externalImageId, userId, confidence, embedding }) => ({
      photo: externalImageId === undefined ? faceId : `${externalImageId} (${faceId})`,
      subject: userId,
      embedding,
      quality: { confidence },
      groups: {},
    })),
    labelsComplete: true,
    photos: faces.length,
    failures: [],
    warnings,
    model: {
      id: modelId,
      version: model.version,
      dimension,
      calibration: model.calibration ?? PROVISIONAL_CURVE,
    },
    runtime: null,
  };
}
