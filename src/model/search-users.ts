import { namedFace } from './faces.js';
import { collectionId, faceId, maxUsers, percent, text, userId } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';
import { searchedUser, userMatchList } from './users.js';

/** Users that look like a face or a user of the collection. */
export const searchUsersModel = {
  input: structure({
    CollectionId: required(collectionId),
    UserId: optional(userId),
    FaceId: optional(faceId),
    UserMatchThreshold: optional(percent),
    MaxUsers: optional(maxUsers),
  }),
  output: structure({
    UserMatches: optional(userMatchList),
    FaceModelVersion: optional(text),
    SearchedFace: optional(namedFace),
    SearchedUser: optional(searchedUser),
  }),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException'],
  defaults: { UserMatchThreshold: 80 },
} as const satisfies OperationModel;

export type SearchUsersInput = Input<typeof searchUsersModel.input>;
export type SearchUsersOutput = Output<typeof searchUsersModel.output>;
