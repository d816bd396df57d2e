import { ApiError } from '../../errors.js';
import { checkEmbedding, decodeEmbedding, decodeEmbeddingInto } from '../embeddings.js';
import { userMissing } from '../refusals.js';
import type { Committed, Idempotency, UserFacesChange, UserFacesState } from '../store.js';
import type { Connection } from './connection.js';
import type { OpenCollection } from './read-collection.js';
import { findUser, readState, type UserRow } from './rows.js';
import { replay } from './tokens.js';
import type { ChangeOutcome, ChangeUserFaces, SeenFace } from './write-users.js';

/** Each lost attempt means that another change went through; a user's own changes never compete. */
const MAX_ATTEMPTS = 16;

export interface UserFacesRequest {
  userId: string;
  faceIds: readonly string[];
  idempotency?: Idempotency;
  modelId?: string;
}

/** The two halves of an attempt; `file` ties the write to the collection that was read. */
export interface UserFacesPorts {
  read(work: (collection: OpenCollection) => Reading): Promise<Reading>;
  write(file: string, change: ChangeUserFaces): Promise<ChangeOutcome>;
}

type Reading = { replayed: string; sequence: number } | Seen;

interface Seen {
  replayed: undefined;
  file: string;
  dimension: number;
  sequence: number;
  user: UserRow;
  state: UserFacesState;
  asked: SeenFace[];
  /** Row ids of the user's faces. */
  memberIds: Map<string, number>;
}

/**
 * Store.changeUserFaces, optimistically: read everything the decision rests on in one transaction,
 * decide, and write on condition that all of it still stands; else begin again.
 */
export async function changeUserFaces<R>(
  ports: UserFacesPorts,
  request: UserFacesRequest,
  decide: (state: UserFacesState) => UserFacesChange<R>,
): Promise<Committed<R>> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const reading = await ports.read((collection) => readUserFaces(collection, request));
    const { sequence } = reading;
    if (reading.replayed !== undefined)
      return { value: JSON.parse(reading.replayed) as R, sequence };
    const decision = decide(reading.state);
    const change = conditionalWrite(reading, decision, request.idempotency);
    const changesNothing = change.link.length + change.unlink.length === 0;
    if (changesNothing && !request.idempotency) return { value: decision.response, sequence };
    const outcome = await ports.write(reading.file, change);
    if (!outcome.stale) return { value: decision.response, sequence: outcome.sequence };
  }
  throw new ApiError('ConflictException');
}

function readUserFaces(collection: OpenCollection, request: UserFacesRequest): Reading {
  const { connection, dimension, file } = collection;
  const { userId, faceIds, idempotency } = request;
  return connection.transaction<Reading>('BEGIN', () => {
    const { sequence } = readState(connection);
    const replayed = idempotency && replay(connection, idempotency);
    if (replayed !== undefined) return { replayed, sequence };
    const user = findUser(connection, userId);
    if (!user) throw userMissing(userId);
    const members = readMembers(connection, user.id);
    const { asked, faces, embeddings } = readAsked(collection, faceIds);
    const centroid = connection.get<{ vector: Uint8Array }>(
      'SELECT vector FROM user_vectors WHERE id = ?',
      user.id,
    );
    const state: UserFacesState = {
      userId,
      centroid: centroid && decodeEmbedding(centroid.vector, dimension, `user ${userId}`),
      members: members.map(({ faceId, vector }) => ({
        faceId,
        embedding: decodeEmbedding(vector, dimension, `face ${faceId}`),
      })),
      faces,
      embeddings,
    };
    const memberIds = new Map(members.map(({ faceId, id }) => [faceId, id]));
    return { replayed: undefined, file, dimension, sequence, user, state, asked, memberIds };
  });
}

/** The faces of a user, oldest first, with their stored vectors. */
export const readMembers = (
  connection: Connection,
  userRow: number,
): { id: number; faceId: string; vector: Uint8Array }[] =>
  connection.all(
    `SELECT f.id, f.face_id AS faceId, v.vector FROM faces f JOIN face_vectors v ON v.id = f.id
     WHERE f.user_row = ? ORDER BY f.id`,
    userRow,
  );

function readAsked(
  { connection, dimension }: OpenCollection,
  faceIds: readonly string[],
): { asked: SeenFace[] } & Pick<UserFacesState, 'faces' | 'embeddings'> {
  const faces: UserFacesState['faces'] = new Map();
  const distinct = [...new Set(faceIds)];
  const embeddings = new Float32Array(distinct.length * dimension);
  const asked = distinct.map((faceId): SeenFace => {
    const row = connection.get<{
      id: number;
      userRow: number | null;
      userId: string | null;
      vector: Uint8Array;
    }>(
      `SELECT f.id, f.user_row AS userRow, u.user_id AS userId, v.vector
       FROM faces f JOIN face_vectors v ON v.id = f.id LEFT JOIN users u ON u.id = f.user_row
       WHERE f.face_id = ?`,
      faceId,
    );
    if (!row) return { faceId, id: null, userRow: null };
    const at = faces.size;
    const embedding = embeddings.subarray(at * dimension, (at + 1) * dimension);
    decodeEmbeddingInto(row.vector, embedding, `face ${faceId}`);
    faces.set(faceId, { userId: row.userId ?? undefined, embedding, row: at });
    return { faceId, id: row.id, userRow: row.userRow };
  });
  return { asked, faces, embeddings };
}

/** The decision as a write; an Error where `decide` broke its contract. */
function conditionalWrite(
  seen: Seen,
  { link, unlink, centroid, response }: UserFacesChange<unknown>,
  idempotency: Idempotency | undefined,
): ChangeUserFaces {
  const { user, asked, memberIds, dimension } = seen;
  const free = new Map(
    asked.flatMap(({ faceId, id, userRow }) =>
      id !== null && userRow === null ? [[faceId, id] as const] : [],
    ),
  );
  const linked = rowIds(link, free, 'link');
  const unlinked = rowIds(unlink, memberIds, 'unlink');
  const faceCount = memberIds.size + linked.length - unlinked.length;
  if (linked.length + unlinked.length > 0) checkCentroid(centroid, faceCount, seen);
  if (centroid) checkEmbedding(centroid, dimension, `user ${user.userId}`);
  return {
    userId: user.userId,
    user: { id: user.id, version: user.version },
    seen: asked,
    link: linked,
    unlink: unlinked,
    // A copy of its own: a view would be sent to the writer with all of its buffer.
    centroid: centroid ? centroid.slice() : null,
    faceCount,
    ...(idempotency && { idempotency }),
    response: JSON.stringify(response) ?? 'null',
  };
}

function rowIds(
  faceIds: readonly string[],
  allowed: ReadonlyMap<string, number>,
  verb: 'link' | 'unlink',
): number[] {
  return [...new Set(faceIds)].map((faceId) => {
    const id = allowed.get(faceId);
    if (id === undefined)
      throw new Error(
        verb === 'link'
          ? `decided to link face ${faceId}, which was not asked about, is not there or has a user`
          : `decided to unlink face ${faceId}, which is not with this user`,
      );
    return id;
  });
}

function checkCentroid(
  centroid: Float32Array | undefined,
  faceCount: number,
  { user }: Seen,
): void {
  if ((centroid === undefined) !== (faceCount === 0))
    throw new Error(
      `decided on ${faceCount} faces for user ${user.userId} ${centroid ? 'with' : 'without'} a centroid`,
    );
}
