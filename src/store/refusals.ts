import { ApiError } from '../errors.js';

/** The answers every store gives to what a caller did wrong, in the texts of the API contract, sections 4 and 10. */

export const collectionMissing = (collectionId: string): ApiError =>
  new ApiError('ResourceNotFoundException', `The collection id: ${collectionId} does not exist`);

export const collectionExists = (collectionId: string): ApiError =>
  new ApiError(
    'ResourceAlreadyExistsException',
    `The collection id: ${collectionId} already exists`,
  );

export const userMissing = (userId: string): ApiError =>
  new ApiError('ResourceNotFoundException', `The user id: ${userId} does not exist`);

export const userExists = (userId: string): ApiError =>
  new ApiError('ConflictException', `The user id: ${userId} already exists`);

export const tokenInUse = (token: string): ApiError =>
  new ApiError(
    'IdempotentParameterMismatchException',
    `The ClientRequestToken: ${token} you have supplied is already in use.`,
  );

/** `what` is counted in the plural: faces, users, tags, collections. */
export const quotaExceeded = (what: string, maximum: number): ApiError =>
  new ApiError('ServiceQuotaExceededException', `The quota of ${maximum} ${what} is exceeded`);
