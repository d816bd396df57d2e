import { faceIdList } from './faces.js';
import { collectionId, faceId, userId } from './scalars.js';
import {
  COMMON_ERRORS,
  enumeration,
  type Input,
  list,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';

const unsuccessfulFaceDeletion = structure({
  FaceId: optional(faceId),
  UserId: optional(userId),
  Reasons: optional(list(enumeration(['ASSOCIATED_TO_AN_EXISTING_USER', 'FACE_NOT_FOUND']))),
});

/** Removes faces that belong to no user. */
export const deleteFacesModel = {
  input: structure({
    CollectionId: required(collectionId),
    FaceIds: required(faceIdList),
  }),
  output: structure({
    DeletedFaces: optional(faceIdList),
    UnsuccessfulFaceDeletions: optional(list(unsuccessfulFaceDeletion, { min: 0, max: 4096 })),
  }),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException'],
} as const satisfies OperationModel;

export type DeleteFacesInput = Input<typeof deleteFacesModel.input>;
export type DeleteFacesOutput = Output<typeof deleteFacesModel.output>;
