import { createHash } from 'node:crypto';
import { outlierDistanceOf } from '../../domain/centroid.js';
import type { CalibrationCurve } from '../../domain/similarity.js';
import { OperatorError } from '../../errors.js';
import type { Collection } from '../../store/store.js';
import type { FaceInput } from '../measure.js';
import type { Warning } from '../report.js';
import type { LabelledFace } from '../samples.js';
import { count } from './photos.js';

/** A user with its faces, as a store gives them. */
interface Person {
  userId: string;
  faces: readonly { faceId: string; embedding: Float32Array }[];
}

/**
 * A collection's users as known people. OperatorError where it has none.
 *
 * @param curves the one that the collection pins, and the first one of its model, which weighs centroids.
 */
export async function collectionInput(
  collection: Collection,
  people: AsyncIterable<Person>,
  curves: { pinned: CalibrationCurve; first: CalibrationCurve },
): Promise<FaceInput> {
  const { collectionId, modelId, faceModelVersion, dimension, faceCount } = collection;
  const hash = createHash('sha256');
  const faces: LabelledFace[] = [];
  for await (const { userId, faces: members } of people)
    for (const { faceId, embedding } of members) {
      hash.update(`${faceId} ${userId}\n`);
      faces.push({ photo: faceId, subject: userId, embedding, quality: {}, groups: {} });
    }
  if (faces.length === 0)
    throw new OperatorError(
      `${collectionId} has no users with faces, so nobody knows who is who: associate faces with users first, or measure a folder of photos`,
    );
  const withoutUser = faceCount - faces.length;
  const warnings: Warning[] =
    withoutUser > 0
      ? [
          {
            code: 'FACES_WITHOUT_USER',
            text: `${count(withoutUser, 'face')} of the collection belong to no user and were left out.`,
            items: [],
            count: withoutUser,
          },
        ]
      : [];
  return {
    kind: 'collection',
    name: collectionId,
    sha256: hash.digest('hex'),
    faces,
    labelsComplete: true,
    photos: faces.length,
    failures: [],
    warnings,
    model: {
      id: modelId,
      version: faceModelVersion,
      dimension,
      calibration: curves.pinned,
      outlierDistance: outlierDistanceOf(curves.first),
    },
    runtime: null,
  };
}
