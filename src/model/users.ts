import { percent, userId } from './scalars.js';
import { enumeration, list, optional, structure } from './shapes.js';

/** CREATED: no face yet. ACTIVE: searchable. UPDATING: the search index follows. */
export const userStatus = enumeration(['ACTIVE', 'UPDATING', 'CREATING', 'CREATED']);

export const user = structure({ UserId: optional(userId), UserStatus: optional(userStatus) });

export const userMatch = structure({ Similarity: optional(percent), User: optional(user) });

export const userMatchList = list(userMatch, { max: 500 });

export const searchedUser = structure({ UserId: optional(userId) });
