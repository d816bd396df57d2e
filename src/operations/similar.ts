import { cosineFloor, reaches, similarityOf } from '../domain/similarity.js';
import { ApiError } from '../errors.js';
import type { Collection, Face, User } from '../store/store.js';
import type { SearchRequest } from '../vectors/vectors.js';
import { toFace } from './faces.js';
import type { Services } from './services.js';
import { toUser } from './users.js';

/** Who resembles the query, best first, with similarities 0–100 of at least `threshold`. Sees all that is committed. */
export async function findSimilar(
  { store, vision, vectors }: Pick<Services, 'store' | 'vision' | 'vectors'>,
  collection: Collection,
  { threshold, ...request }: Omit<SearchRequest, 'minCosine'> & { threshold: number },
): Promise<{ key: string; similarity: number }[]> {
  const { calibration } = vision.model;
  const matches = await vectors.search(
    collection,
    { ...request, minCosine: cosineFloor(calibration, threshold) },
    await store.changeSequence(collection.collectionId),
  );
  return matches
    .map(({ key, cosine }) => ({ key, similarity: similarityOf(calibration, cosine) }))
    .filter(({ similarity }) => reaches(similarity, threshold));
}

/** The same for faces, with each match's record. Faces deleted since the search are left out. */
export async function findSimilarFaces(
  services: Pick<Services, 'store' | 'vision' | 'vectors'>,
  collection: Collection,
  request: Omit<SearchRequest, 'minCosine' | 'kind'> & { threshold: number },
) {
  const matches = await findSimilar(services, collection, { ...request, kind: 'face' });
  const faces = await services.store.faces(
    collection.collectionId,
    matches.map(({ key }) => key),
  );
  return joinMatches(matches, faces, ({ faceId }) => faceId);
}

/** The same for users. */
export async function findSimilarUsers(
  services: Pick<Services, 'store' | 'vision' | 'vectors'>,
  collection: Collection,
  request: Omit<SearchRequest, 'minCosine' | 'kind'> & { threshold: number },
) {
  const matches = await findSimilar(services, collection, { ...request, kind: 'user' });
  const users = await services.store.users(
    collection.collectionId,
    matches.map(({ key }) => key),
  );
  return joinMatches(matches, users, ({ userId }) => userId);
}

function joinMatches<T>(
  matches: readonly { key: string; similarity: number }[],
  records: readonly T[],
  keyOf: (record: T) => string,
): { similarity: number; record: T }[] {
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
