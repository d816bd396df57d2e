import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  required,
  structure,
} from './shapes.js';
import { resourceArn, tagKeyList } from './tags.js';

/** Removes tags from a collection. */
export const untagResourceModel = {
  input: structure({
    ResourceArn: required(resourceArn),
    TagKeys: required(tagKeyList),
  }),
  output: structure({}),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException'],
} as const satisfies OperationModel;

export type UntagResourceInput = Input<typeof untagResourceModel.input>;
export type UntagResourceOutput = Output<typeof untagResourceModel.output>;
