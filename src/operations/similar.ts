import { cosineFloor, reaches, similarityOf } from '../domain/similarity.js';
import { ApiError } from '../errors.js';
import type { Collection, Face, User } from '../store/store.js';
import type { SearchRequest } from '../vectors/vectors.js';
import { toFace } from './faces.js';
import type { Services } from './services.js';
import { toUser } from './users.js';

type Searching = Pick<Services, 'store' | 'vectors' | 'calibrations'>;

/** Who resembles the query, best first, with similarities 0–100 of at least `threshold`. Sees all that is committed. */
async function findSimilar(
  { store, vectors, calibrations }: Searching,
  collection: Collection,
  { threshold, ...request }: Omit<SearchRequest, 'minCosine'> & { threshold: number },
): Promise<{ key: string; similarity: number }[]> {
  const calibration = await calibrations.of(collection);
  const matches = await vectors.search(
    collection,
    { ...request, minCosine: cosineFloor(calibration, threshold) },
    await store.changeSequence(collection.collectionId),
  );
  return matches
    .map(({ key, cosine }) => ({ key, similarity: similarityOf(calibration, cosine) }))
    .filter(({ similarity }) => reaches(similarity, threshold));
}

interface Match<T> {
  similarity: number;
  record: T;
}

type RecordSearch = Omit<Parameters<typeof findSimilar>[2], 'kind'>;

/** The same for faces, with each match's record. */
export const findSimilarFaces = async (
  services: Searching,
  collection: Collection,
  request: RecordSearch,
): Promise<Match<Face>[]> =>
  withRecords(
    await findSimilar(services, collection, { ...request, kind: 'face' }),
    (faceIds) => services.store.faces(collection.collectionId, faceIds),
    ({ faceId }) => faceId,
  );

/** The same for users. */
export const findSimilarUsers = async (
  services: Searching,
  collection: Collection,
  request: RecordSearch,
): Promise<Match<User>[]> =>
  withRecords(
    await findSimilar(services, collection, { ...request, kind: 'user' }),
    (userIds) => services.store.users(collection.collectionId, userIds),
    ({ userId }) => userId,
  );

/** What was deleted since the search is left out. */
async function withRecords<T>(
  matches: readonly { key: string; similarity: number }[],
  load: (keys: string[]) => Promise<T[]>,
  keyOf: (record: T) => string,
): Promise<Match<T>[]> {
  const records = await load(matches.map(({ key }) => key));
  const byKey = new Map(records.map((record) => [keyOf(record), record]));
  return matches.flatMap(({ key, similarity }) => {
    const record = byKey.get(key);
    return record ? [{ similarity, record }] : [];
  });
}

export const toFaceMatches = (
  matches: readonly { similarity: number; record: Face }[],
  { faceModelVersion }: Collection,
) =>
  matches.map(({ similarity, record }) => ({
    Similarity: similarity,
    Face: toFace(record, faceModelVersion),
  }));

export const toUserMatches = (matches: readonly { similarity: number; record: User }[]) =>
  matches.map(({ similarity, record }) => ({ Similarity: similarity, User: toUser(record) }));

/** A missing searched face is InvalidParameterException, not ResourceNotFoundException (recorded reply). */
export async function requireEmbedding(
  { store }: Pick<Services, 'store'>,
  collectionId: string,
  faceId: string,
): Promise<Float32Array> {
  const embedding = await store.faceEmbedding(collectionId, faceId);
  if (!embedding)
    throw new ApiError('InvalidParameterException', 'faceId was not found in the collection.');
  return embedding;
}
