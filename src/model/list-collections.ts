import { collectionId, pageSize, paginationToken, text } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  list,
  type OperationModel,
  type Output,
  optional,
  structure,
} from './shapes.js';

/** The ids of all collections, in pages. CollectionIds and FaceModelVersions run in parallel. */
export const listCollectionsModel = {
  input: structure({
    NextToken: optional(paginationToken),
    MaxResults: optional(pageSize),
  }),
  output: structure({
    CollectionIds: optional(list(collectionId)),
    NextToken: optional(paginationToken),
    FaceModelVersions: optional(list(text)),
  }),
  errors: [...COMMON_ERRORS, 'InvalidPaginationTokenException', 'ResourceNotFoundException'],
} as const satisfies OperationModel;

export type ListCollectionsInput = Input<typeof listCollectionsModel.input>;
export type ListCollectionsOutput = Output<typeof listCollectionsModel.output>;
