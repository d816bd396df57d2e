import { decodeEmbedding } from '../embeddings.js';
import { userMissing } from '../refusals.js';
import type { Face, Listing, Page, User, VectorChanges, VectorKind } from '../store.js';
import type { Connection, SqlValue } from './connection.js';
import {
  type FaceRow,
  findUser,
  readState,
  SELECT_FACE,
  SELECT_USER,
  toFace,
  type UserRow,
} from './rows.js';

/** A collection open for reading. */
export interface OpenCollection {
  collectionId: string;
  file: string;
  dimension: number;
  connection: Connection;
}

/** Most changes given at once: each comes with its vector, and the event loop waits for them. */
const MAX_CHANGES = 512;

/** Store.faces. */
export function readFaces({ connection }: OpenCollection, faceIds: readonly string[]): Face[] {
  const rows = connection.all<FaceRow>(
    `${SELECT_FACE} WHERE f.face_id IN (SELECT value FROM json_each(?))`,
    JSON.stringify(faceIds),
  );
  const found = new Map(rows.map((row) => [row.faceId, toFace(row)]));
  return inOrder(faceIds, found);
}

/** Store.users. */
export function readUsers({ connection }: OpenCollection, userIds: readonly string[]): User[] {
  const rows = connection.all<UserRow>(
    `${SELECT_USER} WHERE u.user_id IN (SELECT value FROM json_each(?))`,
    JSON.stringify(userIds),
  );
  const found = new Map(rows.map((row) => [row.userId, toUser(row)]));
  return inOrder(userIds, found);
}

const toUser = ({ userId, faceCount }: UserRow): User => ({ userId, faceCount });

const inOrder = <T>(keys: readonly string[], found: ReadonlyMap<string, T>): T[] =>
  keys.flatMap((key) => found.get(key) ?? []);

/** Store.faceEmbedding. */
export function readFaceEmbedding(
  { connection, dimension }: OpenCollection,
  faceId: string,
): Float32Array | undefined {
  const row = connection.get<{ vector: Uint8Array }>(
    'SELECT v.vector FROM faces f JOIN face_vectors v ON v.id = f.id WHERE f.face_id = ?',
    faceId,
  );
  return row && decodeEmbedding(row.vector, dimension, `face ${faceId}`);
}

/** Store.newestCrop. */
export const readNewestCrop = ({
  connection,
}: OpenCollection): { faceId: string; crop: Uint8Array } | undefined =>
  connection.get<{ faceId: string; crop: Uint8Array }>(
    `SELECT f.face_id AS faceId, c.sealed AS crop FROM face_crops c JOIN faces f ON f.id = c.id
     ORDER BY c.id DESC LIMIT 1`,
  );

/** Store.userCentroid. */
export function readUserCentroid(
  { connection, dimension }: OpenCollection,
  userId: string,
): Float32Array | undefined {
  const row = connection.get<{ vector: Uint8Array | null }>(
    'SELECT v.vector FROM users u LEFT JOIN user_vectors v ON v.id = u.id WHERE u.user_id = ?',
    userId,
  );
  if (!row) throw userMissing(userId);
  return row.vector === null ? undefined : decodeEmbedding(row.vector, dimension, `user ${userId}`);
}

/** Store.user. */
export function readUser({ connection }: OpenCollection, userId: string): User | undefined {
  const row = findUser(connection, userId);
  return row && toUser(row);
}

/** Store.listUsers: by row id, which is the order of their creation. */
export function listUsers(
  { connection }: OpenCollection,
  page: Page<number>,
): Listing<User, number> {
  const rows = connection.all<UserRow>(
    `${SELECT_USER} WHERE u.id > ? ORDER BY u.id LIMIT ?`,
    page.after ?? 0,
    page.limit + 1,
  );
  const { items, next } = listing(rows, page.limit);
  return { items: items.map(toUser), ...(next !== undefined && { next }) };
}

/** Store.listFaces: by row id, which is the order of their insertion. */
export function listFaces(
  { connection }: OpenCollection,
  page: Page<number> & { userId?: string; faceIds?: readonly string[] },
): Listing<Face, number> {
  const [condition, values] = faceFilter(page);
  const rows = connection.all<FaceRow>(
    `${SELECT_FACE} WHERE ${condition} ORDER BY f.id LIMIT ?`,
    ...values,
    page.limit + 1,
  );
  const { items, next } = listing(rows, page.limit);
  return { items: items.map(toFace), ...(next !== undefined && { next }) };
}

/**
 * One of four conditions. A unary plus keeps an index out of the plan: a user has few faces, so
 * starting from them is right whatever else is asked. For ids alone, the row ids of the page come out
 * of the index on face_id without a look at any face.
 */
function faceFilter({
  after = 0,
  limit,
  userId,
  faceIds,
}: Page<number> & { userId?: string; faceIds?: readonly string[] }): [string, SqlValue[]] {
  const ofUser = 'f.user_row = (SELECT id FROM users WHERE user_id = ?) AND f.id > ?';
  if (userId !== undefined && faceIds)
    return [
      `${ofUser} AND +f.face_id IN (SELECT value FROM json_each(?))`,
      [userId, after, JSON.stringify(faceIds)],
    ];
  if (userId !== undefined) return [ofUser, [userId, after]];
  if (faceIds)
    return [
      `f.id IN (SELECT id FROM faces WHERE face_id IN (SELECT value FROM json_each(?)) AND +id > ?
                ORDER BY id LIMIT ?)`,
      [JSON.stringify(faceIds), after, limit + 1],
    ];
  return ['f.id > ?', [after]];
}

/** The rows of a page, read with one more than its limit to see whether another follows. */
function listing<R extends { id: number }>(
  rows: R[],
  limit: number,
): { items: R[]; next: number | undefined } {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? items.at(-1)?.id : undefined };
}

/** Store.changes: the log and the vectors it names, read in one transaction. */
export function readChanges(
  { connection, dimension }: OpenCollection,
  after: number,
  limit: number,
): VectorChanges | 'truncated' {
  return connection.transaction('BEGIN', () => {
    const { sequence } = readState(connection);
    const oldest = connection.get<{ sequence: number | null }>(
      'SELECT min(sequence) AS sequence FROM changes',
    )?.sequence;
    // A follower that is ahead of the log follows data that is gone: a restored backup.
    if (after > sequence || (after < sequence && after + 1 < (oldest ?? Infinity)))
      return 'truncated';
    const rows = connection.all<{ sequence: number; kind: VectorKind; key: string }>(
      `SELECT sequence, kind, vector_key AS key FROM changes WHERE sequence > ?
       ORDER BY sequence LIMIT ?`,
      after,
      Math.min(limit, MAX_CHANGES),
    );
    const changes = rows.map((row) => {
      const bytes = currentVector(connection, row.kind, row.key);
      return {
        ...row,
        vector: bytes && decodeEmbedding(bytes, dimension, `${row.kind} ${row.key}`),
      };
    });
    return { changes, complete: (changes.at(-1)?.sequence ?? after) === sequence };
  });
}

const CURRENT_VECTOR = {
  face: 'SELECT v.vector FROM faces o JOIN face_vectors v ON v.id = o.id WHERE o.face_id = ?',
  user: 'SELECT v.vector FROM users o JOIN user_vectors v ON v.id = o.id WHERE o.user_id = ?',
} as const satisfies Record<VectorKind, string>;

const currentVector = (
  connection: Connection,
  kind: VectorKind,
  key: string,
): Uint8Array | undefined =>
  connection.get<{ vector: Uint8Array }>(CURRENT_VECTOR[kind], key)?.vector;
