import { existsSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OperatorError } from '../../errors.js';
import { decodeEmbedding } from '../embeddings.js';
import { openReader } from './connection.js';
import { dataDirectory } from './directory.js';
import { CATALOG, COLLECTION, checkIdentity } from './migrations.js';

/** A face of a user, as a measurement needs it. */
export interface UserFace {
  faceId: string;
  externalImageId: string | undefined;
  userId: string;
  confidence: number;
  embedding: Float32Array;
}

export interface UserFaces {
  modelId: string;
  calibrationVersion: string;
  faceModelVersion: string;
  dimension: number;
  /** Every face that belongs to a user. */
  faces: UserFace[];
  /** Faces that belong to nobody. */
  withoutUser: number;
}

const BATCH = 1000;

interface CatalogRow
  extends Pick<UserFaces, 'modelId' | 'calibrationVersion' | 'faceModelVersion' | 'dimension'> {
  file: string;
}

interface FaceRow {
  id: number;
  faceId: string;
  externalImageId: string;
  userId: string;
  confidence: number;
  vector: Uint8Array;
}

/**
 * Reads the faces of a collection's users from a data directory, which a service may be using: all of one committed
 * state, without a lock. OperatorError where there is no such directory or collection.
 */
export async function readUserFaces(
  directory: string,
  collectionId: string,
  signal?: AbortSignal,
): Promise<UserFaces> {
  const place = dataDirectory(directory);
  const { file, ...details } = locate(place.catalog, place.root, collectionId);
  const connection = openReader(`${place.collections}/${file}`);
  try {
    checkIdentity(connection, COLLECTION);
    connection.exec('BEGIN');
    const withoutUser = connection.get<{ count: number }>(
      'SELECT count(*) AS count FROM faces WHERE user_row IS NULL',
    )?.count;
    const faces: UserFace[] = [];
    for (let after = 0, rows: FaceRow[] = []; ; after = rows.at(-1)?.id ?? after) {
      rows = connection.all<FaceRow>(
        `SELECT f.id, f.face_id AS faceId, f.external_image_id AS externalImageId,
                u.user_id AS userId, f.confidence, v.vector
         FROM faces f JOIN users u ON u.id = f.user_row JOIN face_vectors v ON v.id = f.id
         WHERE f.id > ? ORDER BY f.id LIMIT ?`,
        after,
        BATCH,
      );
      if (rows.length === 0) break;
      for (const { id: _id, vector, externalImageId, ...face } of rows)
        faces.push({
          ...face,
          externalImageId: externalImageId === '' ? undefined : externalImageId,
          embedding: decodeEmbedding(vector, details.dimension, `face ${face.faceId}`),
        });
      await nextTurn();
      signal?.throwIfAborted();
    }
    return { ...details, faces, withoutUser: withoutUser ?? 0 };
  } finally {
    connection.close();
  }
}

function locate(catalog: string, root: string, collectionId: string): CatalogRow {
  if (!existsSync(catalog))
    throw new OperatorError(`${root} is no data directory: set --data or LIKENESS_DATA`);
  const connection = openReader(catalog);
  try {
    checkIdentity(connection, CATALOG);
    const row = connection.get<CatalogRow>(
      `SELECT file, model_id AS modelId, calibration_version AS calibrationVersion,
              face_model_version AS faceModelVersion, dimension
       FROM collections WHERE collection_id = ?`,
      collectionId,
    );
    if (row) return row;
    const known = connection.all<{ id: string }>(
      'SELECT collection_id AS id FROM collections ORDER BY id LIMIT 20',
    );
    throw new OperatorError(
      `${root} has no collection ${collectionId}${known.length > 0 ? `; it has ${known.map(({ id }) => id).join(', ')}` : ''}`,
    );
  } finally {
    connection.close();
  }
}
