import {
  COMMON_ERRORS,
  type Input,
  type OperationModel,
  type Output,
  required,
  structure,
} from './shapes.js';
import { resourceArn, tagMap } from './tags.js';

/** Adds tags to a collection or changes them. */
export const tagResourceModel = {
  input: structure({
    ResourceArn: required(resourceArn),
    Tags: required(tagMap),
  }),
  output: structure({}),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException', 'ServiceQuotaExceededException'],
} as const satisfies OperationModel;

export type TagResourceInput = Input<typeof tagResourceModel.input>;
export type TagResourceOutput = Output<typeof tagResourceModel.output>;
