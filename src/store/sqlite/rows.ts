import type { Face, NewFace, VectorKind } from '../store.js';
import type { Connection, SqlValue } from './connection.js';

/** The one row of `state`. */
export interface State {
  sequence: number;
  faceCount: number;
  userCount: number;
  /** The next row id of a face or user. */
  nextId: number;
}

/** A face with the row ids that connect it. */
export interface FaceRow {
  id: number;
  faceId: string;
  imageId: string;
  /** '' for none. */
  externalImageId: string;
  width: number;
  height: number;
  left: number;
  top: number;
  confidence: number;
  userId: string | null;
}

export interface UserRow {
  id: number;
  userId: string;
  faceCount: number;
  version: number;
}

/** Selects FaceRows; a condition on `f` (the face) follows. */
export const SELECT_FACE = `
  SELECT f.id, f.face_id AS faceId, f.image_id AS imageId, f.external_image_id AS externalImageId,
         f.box_width AS width, f.box_height AS height, f.box_left AS left, f.box_top AS top,
         f.confidence, u.user_id AS userId
  FROM faces f LEFT JOIN users u ON u.id = f.user_row`;

/** Selects UserRows; a condition on `u` follows. */
export const SELECT_USER = `
  SELECT u.id, u.user_id AS userId, u.face_count AS faceCount, u.version FROM users u`;

export const toFace = (row: FaceRow): Face => ({
  faceId: row.faceId,
  imageId: row.imageId,
  ...(row.externalImageId !== '' && { externalImageId: row.externalImageId }),
  box: { width: row.width, height: row.height, left: row.left, top: row.top },
  confidence: row.confidence,
  ...(row.userId !== null && { userId: row.userId }),
});

/** What makes two faces the same: image, external image id and box, in the order of SAME_FACE. */
export const sameFaceKey = ({ imageId, externalImageId, box }: NewFace): SqlValue[] => [
  imageId,
  externalImageId ?? '',
  box.width,
  box.height,
  box.left,
  box.top,
];

export const SAME_FACE = `${SELECT_FACE}
  WHERE f.image_id = ? AND f.external_image_id = ?
    AND f.box_width = ? AND f.box_height = ? AND f.box_left = ? AND f.box_top = ?`;

export function readState(connection: Connection): State {
  const state = connection.get<State>(
    `SELECT sequence, face_count AS faceCount, user_count AS userCount, next_id AS nextId FROM state`,
  );
  if (!state) throw missingState(connection.path);
  return state;
}

const missingState = (path: string): Error =>
  Object.assign(new Error(`${path} has no state row`), { code: 'SQLITE_CORRUPT' });

export function writeState(connection: Connection, state: State): void {
  connection.run(
    'UPDATE state SET sequence = ?, face_count = ?, user_count = ?, next_id = ?',
    state.sequence,
    state.faceCount,
    state.userCount,
    state.nextId,
  );
}

/** Gives a changed vector the next change number, which the caller writes with the state. */
export function logChange(
  connection: Connection,
  state: State,
  kind: VectorKind,
  key: string,
): void {
  state.sequence += 1;
  connection.run('INSERT INTO changes VALUES (?, ?, ?)', state.sequence, kind, key);
}

/** Whether a file has this table: those of earlier releases lack some. */
export const hasTable = (connection: Connection, name: string): boolean =>
  connection.get('SELECT 1 FROM sqlite_master WHERE name = ?', name) !== undefined;

export const findUser = (connection: Connection, userId: string): UserRow | undefined =>
  connection.get<UserRow>(`${SELECT_USER} WHERE u.user_id = ?`, userId);
