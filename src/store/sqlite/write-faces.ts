import { checkEmbedding, encodeEmbedding } from '../embeddings.js';
import { quotaExceeded } from '../refusals.js';
import type { Committed, Face, FaceDeletion, NewFace } from '../store.js';
import type { Connection } from './connection.js';
import {
  type FaceRow,
  logChange,
  readState,
  SAME_FACE,
  type State,
  sameFaceKey,
  toFace,
  writeState,
} from './rows.js';

export interface InsertFaces {
  /** Their embeddings are checked already. */
  faces: readonly NewFace[];
  maxFaces: number;
}

/** Exactly what is stored, its embedding checked and copied out of whatever larger buffer it is a view of. */
export function portable(face: NewFace, dimension: number): NewFace {
  const { faceId, imageId, externalImageId, box, confidence, embedding, crop, createdAtMs } = face;
  checkEmbedding(embedding, dimension, `face ${faceId}`);
  const { width, height, left, top } = box;
  return {
    faceId,
    imageId,
    ...(externalImageId !== undefined && { externalImageId }),
    box: { width, height, left, top },
    confidence,
    embedding: embedding.slice(),
    ...(crop && { crop: crop.slice() }),
    createdAtMs,
  };
}

/** Store.insertFaces, inside the writer's transaction. */
export function insertFaces(
  connection: Connection,
  { faces, maxFaces }: InsertFaces,
): Committed<Face[]> {
  const state = readState(connection);
  const value = faces.map((face) => {
    const stored = connection.get<FaceRow>(SAME_FACE, ...sameFaceKey(face));
    return stored ? toFace(stored) : insertFace(connection, state, face);
  });
  if (state.faceCount > maxFaces) throw quotaExceeded('faces in a collection', maxFaces);
  writeState(connection, state);
  return { value, sequence: state.sequence };
}

function insertFace(connection: Connection, state: State, face: NewFace): Face {
  const id = state.nextId++;
  connection.run(
    `INSERT INTO faces (id, face_id, image_id, external_image_id, box_width, box_height, box_left,
       box_top, confidence, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    face.faceId,
    ...sameFaceKey(face),
    face.confidence,
    face.createdAtMs,
  );
  connection.run('INSERT INTO face_vectors VALUES (?, ?)', id, encodeEmbedding(face.embedding));
  if (face.crop) connection.run('INSERT INTO face_crops VALUES (?, ?)', id, face.crop);
  state.faceCount += 1;
  logChange(connection, state, 'face', face.faceId);
  const { faceId, imageId, externalImageId, box, confidence } = face;
  return {
    faceId,
    imageId,
    ...(externalImageId !== undefined && { externalImageId }),
    box: { ...box },
    confidence,
  };
}

export interface DeleteFaces {
  faceIds: readonly string[];
}

/** Store.deleteFaces, inside the writer's transaction. */
export function deleteFaces(
  connection: Connection,
  { faceIds }: DeleteFaces,
): Committed<FaceDeletion> {
  const state = readState(connection);
  const value: FaceDeletion = { deleted: [], refused: [] };
  for (const faceId of new Set(faceIds)) {
    const face = connection.get<{ id: number; userId: string | null }>(
      `SELECT f.id, u.user_id AS userId FROM faces f LEFT JOIN users u ON u.id = f.user_row
       WHERE f.face_id = ?`,
      faceId,
    );
    if (!face) {
      value.refused.push({ faceId, reason: 'FACE_NOT_FOUND' });
    } else if (face.userId !== null) {
      const { userId } = face;
      value.refused.push({ faceId, reason: 'ASSOCIATED_TO_AN_EXISTING_USER', userId });
    } else {
      connection.run('DELETE FROM face_crops WHERE id = ?', face.id);
      connection.run('DELETE FROM face_vectors WHERE id = ?', face.id);
      connection.run('DELETE FROM faces WHERE id = ?', face.id);
      state.faceCount -= 1;
      logChange(connection, state, 'face', faceId);
      value.deleted.push(faceId);
    }
  }
  if (value.deleted.length > 0) writeState(connection, state);
  return { value, sequence: state.sequence };
}
