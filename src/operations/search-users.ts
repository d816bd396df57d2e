import { DEFAULTS } from '../domain/limits.js';
import { ApiError } from '../errors.js';
import {
  type SearchUsersInput,
  type SearchUsersOutput,
  searchUsersModel,
} from '../model/search-users.js';
import { openCollection } from './collections.js';
import type { Services } from './services.js';
import { findSimilarUsers, requireEmbedding, toUserMatches } from './similar.js';
import { userNotFound } from './users.js';

/** Users that resemble a stored face or another user, by their centroids. */
export async function searchUsers(
  services: Pick<Services, 'store' | 'vision' | 'vectors' | 'calibrations'>,
  input: SearchUsersInput,
): Promise<SearchUsersOutput> {
  const {
    CollectionId: collectionId,
    UserId: userId,
    FaceId: faceId,
    UserMatchThreshold: threshold = searchUsersModel.defaults.UserMatchThreshold,
    MaxUsers: limit = DEFAULTS.maxUsers,
  } = input;
  const collection = await openCollection(services, collectionId);
  const asked = await queryOf(services, input);
  const matches = asked
    ? await findSimilarUsers(services, collection, {
        ...asked,
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

/** Undefined for a user without a face: it exists but resembles nobody. */
async function queryOf(
  { store }: Pick<Services, 'store'>,
  { CollectionId: collectionId, UserId: userId, FaceId: faceId }: SearchUsersInput,
): Promise<{ query: Float32Array; queryFaces: number } | undefined> {
  if (faceId !== undefined && userId === undefined)
    return { query: await requireEmbedding({ store }, collectionId, faceId), queryFaces: 1 };
  if (userId === undefined || faceId !== undefined)
    throw new ApiError(
      'InvalidParameterException',
      'Exactly one of FaceId and UserId must be given',
    );
  const user = await store.user(collectionId, userId);
  if (!user) throw userNotFound(userId);
  const query = await store.userCentroid(collectionId, userId);
  return query && { query, queryFaces: user.faceCount };
}
