import type { Connection, SqlValue } from './connection.js';
import { readState, writeState } from './rows.js';

/** Of `faces`, what stays with a face that is left behind. */
const COLUMNS = [
  'face_id',
  'image_id',
  'external_image_id',
  'box_width',
  'box_height',
  'box_left',
  'box_top',
  'confidence',
  'created_at_ms',
];
const KEPT = COLUMNS.join(', ');
const KEPT_OF_F = COLUMNS.map((column) => `f.${column}`).join(', ');

/**
 * Keeps the faces that have no new embedding as they were under the model that is left, in the file that the collection
 * moves to, and what earlier moves left behind under others; inside the transaction of the switch.
 *
 * @returns how many faces have no new embedding.
 */
export function leaveBehind(
  gathered: Connection,
  { from, to }: { from: string; to: string },
): number {
  gathered.run(
    'INSERT INTO main.left_behind SELECT * FROM old.left_behind WHERE model_id <> ?',
    to,
  );
  return gathered.run(
    `INSERT INTO main.left_behind (model_id, ${KEPT}, user_id, vector, sealed)
     SELECT ?, ${KEPT_OF_F}, coalesce(u.user_id, ''), v.vector, c.sealed
     FROM old.faces f JOIN old.face_vectors v ON v.id = f.id
     LEFT JOIN old.users u ON u.id = f.user_row LEFT JOIN old.face_crops c ON c.id = f.id
     LEFT JOIN staged s ON s.face_id = f.face_id WHERE s.face_id IS NULL`,
    from,
  );
}

/**
 * Brings back the faces that were left behind under the model that the collection moves to again. One that has come anew
 * meanwhile stays away; one whose user is gone, or has as many faces as a user may have, comes without it.
 *
 * @returns how many came.
 */
export function comeBack(gathered: Connection, to: string, facesPerUser: number): number {
  const rows = gathered.all<{ row: number; userId: string }>(
    `SELECT l.rowid AS row, l.user_id AS userId FROM old.left_behind l
     WHERE l.model_id = ? AND NOT EXISTS (SELECT 1 FROM main.faces f
       WHERE f.image_id = l.image_id AND f.external_image_id = l.external_image_id
         AND f.box_width = l.box_width AND f.box_height = l.box_height
         AND f.box_left = l.box_left AND f.box_top = l.box_top)
     ORDER BY l.rowid`,
    to,
  );
  for (const { row, userId } of rows) {
    const id = nextId(gathered);
    gathered.run(
      `INSERT INTO main.faces (id, ${KEPT}, user_row)
       SELECT ?, ${KEPT}, ? FROM old.left_behind WHERE rowid = ?`,
      id,
      userWithRoom(gathered, userId, facesPerUser),
      row,
    );
    gathered.run(
      'INSERT INTO main.face_vectors SELECT ?, vector FROM old.left_behind WHERE rowid = ?',
      id,
      row,
    );
    gathered.run(
      `INSERT INTO main.face_crops
       SELECT ?, sealed FROM old.left_behind WHERE rowid = ? AND sealed IS NOT NULL`,
      id,
      row,
    );
  }
  return rows.length;
}

function nextId(gathered: Connection): number {
  const state = readState(gathered);
  writeState(gathered, { ...state, nextId: state.nextId + 1 });
  return state.nextId;
}

const userWithRoom = (gathered: Connection, userId: string, facesPerUser: number): SqlValue =>
  gathered.get<{ id: number }>(
    `SELECT id FROM main.users u WHERE user_id = ?
       AND (SELECT count(*) FROM main.faces WHERE user_row = u.id) < ?`,
    userId,
    facesPerUser,
  )?.id ?? null;

/** After faces went or came: how many there are, and how many of each user. */
export function countAnew(gathered: Connection): void {
  gathered.exec(
    `UPDATE main.state SET face_count = (SELECT count(*) FROM main.faces);
     UPDATE main.users SET version = (SELECT sequence FROM main.state),
       face_count = (SELECT count(*) FROM main.faces WHERE user_row = users.id)
     WHERE face_count <> (SELECT count(*) FROM main.faces WHERE user_row = users.id)`,
  );
}
