import { cosineFloor, reaches, similarityOf } from '../domain/similarity.js';
import { userScale } from '../domain/user-scale.js';
import { ApiError } from '../errors.js';
import type { Collection, Face, User } from '../store/store.js';
import type { SearchRequest } from '../vectors/vectors.js';
import { toFace } from './faces.js';
import type { Services } from './services.js';
import { toUser } from './users.js';

type Searching = Pick<Services, 'store' | 'vectors' | 'calibrations'>;

interface Match<T> {
  similarity: number;
  record: T;
}

/** Similarities found are 0–100 and at least `threshold`. */
type SimilarRequest = Omit<SearchRequest, 'kind' | 'minCosine'> & { threshold: number };

/** Faces that resemble the query, best first. Sees all that is committed. */
export async function findSimilarFaces(
  { store, vectors, calibrations }: Searching,
  collection: Collection,
  { threshold, ...request }: SimilarRequest,
): Promise<Match<Face>[]> {
  const { collectionId } = collection;
  const calibration = await calibrations.of(collection);
  const found = await vectors.search(
    collection,
    { ...request, kind: 'face', minCosine: cosineFloor(calibration, threshold) },
    await store.changeSequence(collectionId),
  );
  const faces = await store.faces(
    collectionId,
    found.map(({ key }) => key),
  );
  const byId = new Map(faces.map((face) => [face.faceId, face]));
  return found.flatMap(({ key, cosine }) => {
    const record = byId.get(key);
    const similarity = similarityOf(calibration, cosine);
    // What was deleted since the search is left out.
    return record && reaches(similarity, threshold) ? [{ similarity, record }] : [];
  });
}

/** How much further a search looks where a user of fewer faces and a lower cosine could be missing. */
const FURTHER = 4;

/**
 * Users that resemble the query, best first. Sees all that is committed.
 *
 * What a cosine means depends on how many faces a user has, so that the best by cosine need not be the best. Users are
 * taken by cosine from the lowest that can reach the threshold with any number of faces, and in growing numbers until
 * the last one wanted is rarer than any user below the ones seen could be.
 *
 * @param request.queryFaces of the user searched with; 1 for a photo.
 */
export async function findSimilarUsers(
  { store, vectors, calibrations }: Searching,
  collection: Collection,
  { threshold, limit, queryFaces, ...request }: SimilarRequest & { queryFaces: number },
): Promise<Match<User>[]> {
  const { collectionId } = collection;
  const scale = userScale(await calibrations.of(collection), queryFaces);
  const sequence = await store.changeSequence(collectionId);
  let minCosine = scale.floor(threshold);
  for (let size = limit; ; size *= FURTHER) {
    const wanted = { ...request, kind: 'user', limit: size, minCosine } as const;
    const found = await vectors.search(collection, wanted, sequence);
    const users = await store.users(
      collectionId,
      found.map(({ key }) => key),
    );
    const byId = new Map(users.map((user) => [user.userId, user]));
    const ranked = found
      .flatMap(({ key, cosine }) => {
        const record = byId.get(key);
        if (!record) return [];
        const { faceCount } = record;
        const similarity = scale.similarityOf(cosine, faceCount);
        return [{ similarity, record, rarity: scale.rarityOf(cosine, faceCount) }];
      })
      .filter(({ similarity }) => reaches(similarity, threshold))
      .toSorted(byRarity);
    const [last, lowest] = [ranked[limit - 1], found.at(-1)];
    const complete = found.length < size || !lowest || scale.alike;
    if (complete || (last && last.rarity > scale.rarest(lowest.cosine)))
      return ranked.slice(0, limit).map(({ similarity, record }) => ({ similarity, record }));
    // Nobody who is less alike than the last one wanted can take its place.
    if (last) minCosine = Math.max(minCosine, scale.floor(last.similarity));
  }
}

interface Ranked extends Match<User> {
  rarity: number;
}

/** Of equal ones the lower id first, as the index has it. */
const byRarity = (a: Ranked, b: Ranked): number =>
  a.rarity === b.rarity ? (a.record.userId < b.record.userId ? -1 : 1) : b.rarity - a.rarity;

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
