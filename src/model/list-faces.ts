import { face, faceIdList } from './faces.js';
import { collectionId, pageSize, paginationToken, text, userId } from './scalars.js';
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

/** The faces of a collection, in pages, all or those of one user or with the ids given. */
export const listFacesModel = {
  input: structure({
    CollectionId: required(collectionId),
    NextToken: optional(paginationToken),
    MaxResults: optional(pageSize),
    UserId: optional(userId),
    FaceIds: optional(faceIdList),
  }),
  output: structure({
    Faces: optional(list(face)),
    NextToken: optional(text),
    FaceModelVersion: optional(text),
  }),
  errors: [...COMMON_ERRORS, 'InvalidPaginationTokenException', 'ResourceNotFoundException'],
} as const satisfies OperationModel;

export type ListFacesInput = Input<typeof listFacesModel.input>;
export type ListFacesOutput = Output<typeof listFacesModel.output>;
