import { DEFAULTS } from '../domain/limits.js';
import { ApiError } from '../errors.js';
import type { SearchUsersInput, SearchUsersOutput } from '../model/search-users.js';
import { openCollection } from './collections.js';
import type { Services } from './services.js';
import { findSimilarUsers, requireEmbedding, toUserMatches } from './similar.js';
import { userNotFound } from './users.js';

/** Users that resemble a stored face or another user, by their centroids. */
export async function searchUsers(
  services: Pick<Services, 'store' | 'vision' | 'vectors'>,
  input: SearchUsersInput,
): Promise<SearchUsersOutput> {
  const {
    CollectionId: collectionId,
    UserId: userId,
    FaceId: faceId,
    UserMatchThreshold: threshold = DEFAULTS.userMatchThreshold.search,
    MaxUsers: limit = DEFAULTS.maxUsers,
  } = input;
  if ((userId === undefined) === (faceId === undefined))
    throw new ApiError(
      'InvalidParameterException',
      'Exactly one of FaceId and UserId must be given',
    );
  const collection = await openCollection(services, collectionId);
  const query =
    faceId === undefined
      ? await centroidOfUser(services, collectionId, userId ?? '')
      : await requireEmbedding(services, collectionId, faceId);
  const matches = query
    ? await findSimilarUsers(services, collection, {
        query,
        limit,
        threshold,
        ...(userId !== undefined && { exclude: userId }),
      })
    : [];
  return {
    UserMatches: toUserMatches(matches),
    FaceModelVersion: collection.faceModelVersion,
    ...(faceId !== undefined && { SearchedFace: { FaceId: faceId } }),
    ...(userId !== undefined && { SearchedUser: { UserId: userId } }),
  };
}

/** Undefined while the user has no face: it exists but resembles nobody. */
async function centroidOfUser(
  { store }: Pick<Services, 'store'>,
  collectionId: string,
  userId: string,
): Promise<Float32Array | undefined> {
  if (!(await store.user(collectionId, userId))) throw userNotFound(userId);
  return store.userCentroid(collectionId, userId);
}
