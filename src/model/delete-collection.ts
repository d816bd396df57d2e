import { collectionId, unsignedInteger } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';

/** Removes a collection with its faces and users. */
export const deleteCollectionModel = {
  input: structure({
    CollectionId: required(collectionId),
  }),
  output: structure({
    StatusCode: optional(unsignedInteger),
  }),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException'],
} as const satisfies OperationModel;

export type DeleteCollectionInput = Input<typeof deleteCollectionModel.input>;
export type DeleteCollectionOutput = Output<typeof deleteCollectionModel.output>;
