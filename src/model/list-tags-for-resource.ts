import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';
import { resourceArn, tagMap } from './tags.js';

/** The tags of a collection. */
export const listTagsForResourceModel = {
  input: structure({
    ResourceArn: required(resourceArn),
  }),
  output: structure({
    Tags: optional(tagMap),
  }),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException'],
} as const satisfies OperationModel;

export type ListTagsForResourceInput = Input<typeof listTagsForResourceModel.input>;
export type ListTagsForResourceOutput = Output<typeof listTagsForResourceModel.output>;
