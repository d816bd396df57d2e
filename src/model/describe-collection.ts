import { collectionId, dateTime, text, unsignedLong } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';

/** Counts and age of one collection. */
export const describeCollectionModel = {
  input: structure({
    CollectionId: required(collectionId),
  }),
  output: structure({
    FaceCount: optional(unsignedLong),
    FaceModelVersion: optional(text),
    CollectionARN: optional(text),
    CreationTimestamp: optional(dateTime),
    UserCount: optional(unsignedLong),
  }),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException'],
} as const satisfies OperationModel;

export type DescribeCollectionInput = Input<typeof describeCollectionModel.input>;
export type DescribeCollectionOutput = Output<typeof describeCollectionModel.output>;
