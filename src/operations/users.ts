import { ApiError } from '../errors.js';
import type { User } from '../store/store.js';

/** `ACTIVE` once a user has a face (its centroid is searchable before we reply), `CREATED` before. */
export const userStatus = ({ faceCount }: { faceCount: number }): 'ACTIVE' | 'CREATED' =>
  faceCount > 0 ? 'ACTIVE' : 'CREATED';

/** A user as lists and searches show it. */
export const toUser = (user: User) => ({ UserId: user.userId, UserStatus: userStatus(user) });

/** AWS's text for a missing user is not known; ours follows the one for collections (contract section 10). */
export const userNotFound = (userId: string): ApiError =>
  new ApiError('ResourceNotFoundException', `The user id: ${userId} does not exist`);
