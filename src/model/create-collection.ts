import { collectionId, text, unsignedInteger } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';
import { tagMap } from './tags.js';

/** Makes an empty collection. */
export const createCollectionModel = {
  input: structure({
    CollectionId: required(collectionId),
    Tags: optional(tagMap),
  }),
  output: structure({
    StatusCode: optional(unsignedInteger),
    CollectionArn: optional(text),
    FaceModelVersion: optional(text),
  }),
  errors: [...COMMON_ERRORS, 'ResourceAlreadyExistsException', 'ServiceQuotaExceededException'],
} as const satisfies OperationModel;

export type CreateCollectionInput = Input<typeof createCollectionModel.input>;
export type CreateCollectionOutput = Output<typeof createCollectionModel.output>;
