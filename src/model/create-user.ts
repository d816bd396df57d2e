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

/** Makes a user without faces. */
export const createUserModel = {
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
    'ServiceQuotaExceededException',
    'IdempotentParameterMismatchException',
  ],
  idempotencyToken: 'ClientRequestToken',
} as const satisfies OperationModel;

export type CreateUserInput = Input<typeof createUserModel.input>;
export type CreateUserOutput = Output<typeof createUserModel.output>;
