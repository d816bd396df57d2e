import { encodeEmbedding } from '../embeddings.js';
import { quotaExceeded, userExists, userMissing } from '../refusals.js';
import type { Committed, Idempotency } from '../store.js';
import type { Connection } from './connection.js';
import { findUser, logChange, readState, writeState } from './rows.js';
import { remember, replay } from './tokens.js';

/** What is stored as the response of an operation without one. */
const NO_RESPONSE = 'null';

export interface CreateUser {
  userId: string;
  maxUsers: number;
  idempotency?: Idempotency;
}

/** Store.createUser, inside the writer's transaction. */
export function createUser(connection: Connection, request: CreateUser): void {
  const { userId, maxUsers, idempotency } = request;
  if (idempotency && replay(connection, idempotency) !== undefined) return;
  if (findUser(connection, userId)) throw userExists(userId);
  const state = readState(connection);
  if (state.userCount >= maxUsers) throw quotaExceeded('users in a collection', maxUsers);
  connection.run('INSERT INTO users VALUES (?, ?, 0, 0)', state.nextId, userId);
  state.nextId += 1;
  state.userCount += 1;
  writeState(connection, state);
  if (idempotency) remember(connection, idempotency, NO_RESPONSE);
}

export interface DeleteUser {
  userId: string;
  idempotency?: Idempotency;
}

/** Store.deleteUser, inside the writer's transaction. */
export function deleteUser(connection: Connection, request: DeleteUser): Committed<undefined> {
  const { userId, idempotency } = request;
  const state = readState(connection);
  if (idempotency && replay(connection, idempotency) !== undefined)
    return { value: undefined, sequence: state.sequence };
  const user = findUser(connection, userId);
  if (!user) throw userMissing(userId);
  connection.run('UPDATE faces SET user_row = NULL WHERE user_row = ?', user.id);
  const hadVector = connection.run('DELETE FROM user_vectors WHERE id = ?', user.id) > 0;
  connection.run('DELETE FROM users WHERE id = ?', user.id);
  connection.run("UPDATE left_behind SET user_id = '' WHERE user_id = ?", userId);
  state.userCount -= 1;
  if (hadVector) logChange(connection, state, 'user', userId);
  writeState(connection, state);
  if (idempotency) remember(connection, idempotency, NO_RESPONSE);
  return { value: undefined, sequence: state.sequence };
}

/** A face that a decision rests on, as it was read; `id` null: there was none. */
export interface SeenFace {
  faceId: string;
  id: number | null;
  userRow: number | null;
}

/** A decision, with all it rests on. */
export interface ChangeUserFaces {
  userId: string;
  /** The user as it was read. Its version covers its faces and its centroid. */
  user: { id: number; version: number };
  seen: readonly SeenFace[];
  /** Row ids, all of `seen` and without a user. */
  link: readonly number[];
  /** Row ids of faces of this user. */
  unlink: readonly number[];
  /** The centroid after the change; null when no face is left. Checked already. */
  centroid: Float32Array | null;
  faceCount: number;
  idempotency?: Idempotency;
  /** JSON. */
  response: string;
}

/** `stale`: something the decision rests on is no longer so, and nothing was written. */
export type ChangeOutcome = { stale: true } | { stale: false; sequence: number };

/** The conditional write of Store.changeUserFaces, inside the writer's transaction. */
export function changeUserFaces(connection: Connection, change: ChangeUserFaces): ChangeOutcome {
  if (!stillHolds(connection, change)) return { stale: true };
  const { user, link, unlink, idempotency } = change;
  const state = readState(connection);
  if (link.length + unlink.length > 0) {
    for (const id of unlink) moveFace(connection, id, user.id, null);
    for (const id of link) moveFace(connection, id, null, user.id);
    writeCentroid(connection, user.id, change.centroid);
    logChange(connection, state, 'user', change.userId);
    connection.run(
      'UPDATE users SET face_count = ?, version = ? WHERE id = ?',
      change.faceCount,
      state.sequence,
      user.id,
    );
    writeState(connection, state);
  }
  if (idempotency) remember(connection, idempotency, change.response);
  return { stale: false, sequence: state.sequence };
}

function stillHolds(connection: Connection, change: ChangeUserFaces): boolean {
  const { userId, user, seen, idempotency } = change;
  const current = findUser(connection, userId);
  if (current?.id !== user.id || current.version !== user.version) return false;
  if (idempotency && replay(connection, idempotency) !== undefined) return false;
  return seen.every(({ faceId, id, userRow }) => {
    const face = connection.get<{ id: number; userRow: number | null }>(
      'SELECT id, user_row AS userRow FROM faces WHERE face_id = ?',
      faceId,
    );
    return (face?.id ?? null) === id && (face?.userRow ?? null) === userRow;
  });
}

function moveFace(
  connection: Connection,
  id: number,
  from: number | null,
  to: number | null,
): void {
  const moved = connection.run(
    'UPDATE faces SET user_row = ? WHERE id = ? AND user_row IS ?',
    to,
    id,
    from,
  );
  if (moved !== 1) throw new Error(`face row ${id} is not with user row ${String(from)}`);
}

function writeCentroid(connection: Connection, id: number, centroid: Float32Array | null): void {
  if (centroid)
    connection.run(
      'INSERT OR REPLACE INTO user_vectors VALUES (?, ?)',
      id,
      encodeEmbedding(centroid),
    );
  else connection.run('DELETE FROM user_vectors WHERE id = ?', id);
}
