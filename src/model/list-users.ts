import { collectionId, maxUsers, paginationToken } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  list,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';
import { user } from './users.js';

/** The users of a collection with their status, in pages. */
export const listUsersModel = {
  input: structure({
    CollectionId: required(collectionId),
    MaxResults: optional(maxUsers),
    NextToken: optional(paginationToken),
  }),
  output: structure({
    Users: optional(list(user, { max: 500 })),
    NextToken: optional(paginationToken),
  }),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException', 'InvalidPaginationTokenException'],
} as const satisfies OperationModel;

export type ListUsersInput = Input<typeof listUsersModel.input>;
export type ListUsersOutput = Output<typeof listUsersModel.output>;
