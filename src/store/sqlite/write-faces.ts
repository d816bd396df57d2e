import { checkEmbedding, encodeEmbedding } from '../embeddings.js';
import type { OtherSpaces } from '../moving.js';
import { quotaExceeded } from '../refusals.js';
import type { Committed, Face, FaceDeletion, NewFace } from '../store.js';
import type { Connection } from './connection.js';
import { keepFurther } from './further.js';
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

/**
 * Exactly what is stored, its embeddings checked and copied out of whatever larger buffer they are views of; of the further
 * ones those that the collection has a space for.
 */
export function portable(face: NewFace, dimension: number, { goal, former }: OtherSpaces): NewFace {
  const { faceId, imageId, externalImageId, box, confidence, embedding, crop, createdAtMs } = face;
  checkEmbedding(embedding, dimension, `face ${faceId}`);
  const further = (face.further ?? []).flatMap((each) => {
    const space = [goal, ...former].find((other) => other?.modelId === each.modelId);
    if (!space) return [];
    checkEmbedding(each.embedding, space.dimension, `face ${faceId} under ${each.modelId}`);
    return [{ modelId: each.modelId, embedding: each.embedding.slice() }];
  });
  const { width, height, left, top } = box;
  return {
    faceId,
    imageId,
    ...(externalImageId !== undefined && { externalImageId }),
    box: { width, height, left, top },
    confidence,
    embedding: embedding.slice(),
    ...(further.length > 0 && { further }),
    ...(crop && { crop: crop.slice() }),
    createdAtMs,
  };
}

/**
 * Store.insertFaces, inside the writer's transaction.
 *
 * @param otherModels gives those whose further embeddings are kept, as the catalog has them now.
 */
export function insertFaces(
  connection: Connection,
  { faces, maxFaces }: InsertFaces,
  otherModels: () => ReadonlySet<string>,
): Committed<Face[]> {
  const state = readState(connection);
  const models = faces.some(({ further }) => further) ? otherModels() : new Set<string>();
  const value = faces.map((face) => {
    const stored = connection.get<FaceRow>(SAME_FACE, ...sameFaceKey(face));
    const id = stored?.id ?? insertFace(connection, state, face);
    if (face.further) keepFurther(connection, id, face.further, models);
    return stored ? toFace(stored) : asStored(face);
  });
  if (state.faceCount > maxFaces) throw quotaExceeded('faces in a collection', maxFaces);
  writeState(connection, state);
  return { value, sequence: state.sequence };
}

/** The id of its row. */
function insertFace(connection: Connection, state: State, face: NewFace): number {
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
  return id;
}

const asStored = ({ faceId, imageId, externalImageId, box, confidence }: NewFace): Face => ({
  faceId,
  imageId,
  ...(externalImageId !== undefined && { externalImageId }),
  box: { ...box },
  confidence,
});

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
      // One that a move left behind is in no collection, but it is here.
      connection.run('DELETE FROM left_behind WHERE face_id = ?', faceId);
      value.refused.push({ faceId, reason: 'FACE_NOT_FOUND' });
    } else if (face.userId !== null) {
      const { userId } = face;
      value.refused.push({ faceId, reason: 'ASSOCIATED_TO_AN_EXISTING_USER', userId });
    } else {
      connection.run('DELETE FROM face_crops WHERE id = ?', face.id);
      connection.run('DELETE FROM further_vectors WHERE id = ?', face.id);
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
