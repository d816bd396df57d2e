import { clientRequestToken, collectionId, userId } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';

/** Takes a user's faces away, then removes the user. The faces stay. */
export const deleteUserModel = {
  input: structure({
    CollectionId: required(collectionId),
    UserId: required(userId),
    ClientRequestToken: optional(clientRequestToken),
  }),
  output: structure({}),
  errors: [
    ...COMMON_ERRORS,
    'ConflictException',
    'ResourceNotFoundException',
    'IdempotentParameterMismatchException',
  ],
  idempotencyToken: 'ClientRequestToken',
} as const satisfies OperationModel;

export type DeleteUserInput = Input<typeof deleteUserModel.input>;
export type DeleteUserOutput = Output<typeof deleteUserModel.output>;
