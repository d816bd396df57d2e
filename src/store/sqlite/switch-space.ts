import { OperatorError } from '../../errors.js';
import { checkEmbedding, decodeEmbedding, encodeEmbedding } from '../embeddings.js';
import type { CollectionMove, Moved } from '../moving.js';
import type { Connection } from './connection.js';
import { cutLog, READERS_MS } from './erasing.js';
import { comeBack, countAnew, leaveBehind } from './left-behind.js';
import { type Begun, formerSpaces, moveOf, spaceOf } from './moves.js';
import { readState } from './rows.js';
import { strip } from './strays.js';

/** What a switch works with. */
export interface Switching extends Begun {
  catalog: Connection;
  /** The file where the new embeddings gathered, in `staged`; the collection's own is attached to it as `old`. */
  gathered: Connection;
  /** The collection's own file, locked against the service's writes. */
  left: Connection;
  centroidOf: Parameters<CollectionMove['switch']>[0];
  nowMs: number;
  facesPerUser: number;
}

/**
 * Makes the file where new embeddings gathered that of the collection. Faces without one are left behind.
 *
 * @returns with it the files of former spaces that the one just left takes the place of, to be removed.
 */
export function switchSpace(switching: Switching): Moved & { superseded: string[] } {
  const { catalog, gathered, left } = switching;
  let moved: Moved;
  let superseded: string[];
  try {
    moved = gathered.transaction('BEGIN', () => assemble(switching));
    superseded = catalog.transaction('BEGIN IMMEDIATE', () => point(switching));
  } catch (error) {
    // All is where it was; nothing may outlive its face or user here.
    gathered.transaction('BEGIN', () => strip(gathered, 'goal'));
    throw error;
  }
  leave(left, gathered);
  return { ...moved, superseded };
}

/** Everything of the old file but its vectors, which are the new ones; of faces those that have one. */
function assemble({ gathered, from, move: { to }, centroidOf, facesPerUser }: Switching): Moved {
  strip(gathered, 'goal');
  gathered.exec(
    `INSERT INTO main.users SELECT * FROM old.users;
     INSERT INTO main.tokens SELECT * FROM old.tokens;
     INSERT INTO main.faces SELECT * FROM old.faces WHERE face_id IN (SELECT face_id FROM staged);
     INSERT INTO main.face_crops SELECT c.* FROM old.face_crops c JOIN main.faces f ON f.id = c.id;
     INSERT INTO main.face_vectors SELECT f.id, s.vector FROM main.faces f
       JOIN staged s ON s.face_id = f.face_id`,
  );
  // Those of spaces before this one; what was kept for this one is staged.
  gathered.run(
    `INSERT INTO main.further_vectors SELECT v.* FROM old.further_vectors v
     JOIN main.faces f ON f.id = v.id WHERE v.model_id <> ?`,
    to.modelId,
  );
  // One more than any index has seen, and no change to follow there: each reads everything anew.
  gathered.exec(
    `UPDATE main.state SET (sequence, face_count, user_count, next_id) =
       (SELECT sequence + 1, face_count, user_count, next_id FROM old.state)`,
  );
  const moved = {
    leftBehind: leaveBehind(gathered, { from: from.modelId, to: to.modelId }),
    cameBack: comeBack(gathered, to.modelId, facesPerUser),
  };
  if (moved.leftBehind + moved.cameBack > 0) countAnew(gathered);
  const users = gathered.all<{ id: number; userId: string }>(
    'SELECT id, user_id AS userId FROM main.users WHERE face_count > 0',
  );
  for (const { id, userId } of users) {
    const centroid = centroidOf(facesOf(gathered, id, to.dimension));
    if (!centroid) throw new OperatorError(`the new embeddings of user ${userId} cancel out`);
    checkEmbedding(centroid, to.dimension, `user ${userId}`);
    gathered.run('INSERT INTO main.user_vectors VALUES (?, ?)', id, encodeEmbedding(centroid));
  }
  const vectors = gathered.get<{ count: number }>(
    'SELECT count(*) AS count FROM main.face_vectors',
  )?.count;
  if (readState(gathered).faceCount !== vectors)
    throw new Error('the faces counted are not the faces stored');
  return moved;
}

/** The faces of a user with their new embeddings. */
const facesOf = (
  gathered: Connection,
  userRow: number,
  dimension: number,
): { faceId: string; embedding: Float32Array }[] =>
  gathered
    .all<{ faceId: string; vector: Uint8Array }>(
      `SELECT f.face_id AS faceId, v.vector FROM main.faces f
       JOIN main.face_vectors v ON v.id = f.id WHERE f.user_row = ?`,
      userRow,
    )
    .map(({ faceId, vector }) => ({
      faceId,
      embedding: decodeEmbedding(vector, dimension, `face ${faceId}`),
    }));

/** The one commit that is the switch. */
function point({ catalog, collectionId, from, move, nowMs }: Switching): string[] {
  const now = spaceOf(catalog, collectionId);
  if (now.file !== from.file || moveOf(catalog, collectionId)?.file !== move.file)
    throw new OperatorError(`the collection ${collectionId} was changed by another command`);
  const superseded = formerSpaces(catalog, collectionId)
    .filter(({ modelId }) => modelId === now.modelId || modelId === move.to.modelId)
    .map(({ file }) => file);
  for (const file of superseded) catalog.run('DELETE FROM former_spaces WHERE file = ?', file);
  const { modelId, calibrationVersion, faceModelVersion, dimension } = move.to;
  catalog.run(
    `UPDATE collections SET file = ?, model_id = ?, calibration_version = ?,
       face_model_version = ?, dimension = ? WHERE collection_id = ?`,
    move.file,
    modelId,
    calibrationVersion,
    faceModelVersion,
    dimension,
    collectionId,
  );
  catalog.run('DELETE FROM moves WHERE collection_id = ?', collectionId);
  catalog.run(
    'INSERT INTO former_spaces VALUES (?, ?, ?, ?, ?, ?, ?)',
    collectionId,
    now.file,
    now.modelId,
    now.calibrationVersion,
    now.faceModelVersion,
    now.dimension,
    nowMs,
  );
  return superseded;
}

/**
 * What is of no use after the switch goes. The collection has moved by now: what fails here (a disk without space) is
 * no failure of the switch, and is done when the file is opened next.
 */
function leave(left: Connection, gathered: Connection): void {
  try {
    // What goes with a face is kept once: a face that goes takes it along.
    left.exec('DELETE FROM face_crops; DELETE FROM further_vectors; DELETE FROM left_behind');
    left.run('COMMIT');
    cutLog(left, READERS_MS);
    gathered.exec('DROP TABLE IF EXISTS staged');
  } catch {
    // See eraseStrays and WriterCore.
  }
}
