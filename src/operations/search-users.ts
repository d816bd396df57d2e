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
  const query = await queryOf(services, input);
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

/** Undefined for a user without a face: it exists but resembles nobody. */
async function queryOf(
  { store }: Pick<Services, 'store'>,
  { CollectionId: collectionId, UserId: userId, FaceId: faceId }: SearchUsersInput,
): Promise<Float32Array | undefined> {
  if (faceId !== undefined && userId === undefined)
    return requireEmbedding({ store }, collectionId, faceId);
  if (userId === undefined || faceId !== undefined)
    throw new ApiError(
      'InvalidParameterException',
      'Exactly one of FaceId and UserId must be given',
    );
  if (!(await store.user(collectionId, userId))) throw userNotFound(userId);
  return store.userCentroid(collectionId, userId);
}
