import { faceMatch } from './faces.js';
import { collectionId, faceId, maxFaces, percent, text } from './scalars.js';
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

/** Faces that look like a face of the collection. */
export const searchFacesModel = {
  input: structure({
    CollectionId: required(collectionId),
    FaceId: required(faceId),
    MaxFaces: optional(maxFaces),
    FaceMatchThreshold: optional(percent),
  }),
  output: structure({
    SearchedFaceId: optional(faceId),
    FaceMatches: optional(list(faceMatch)),
    FaceModelVersion: optional(text),
  }),
  errors: [...COMMON_ERRORS, 'ResourceNotFoundException'],
  defaults: { FaceMatchThreshold: 80 },
} as const satisfies OperationModel;

export type SearchFacesInput = Input<typeof searchFacesModel.input>;
export type SearchFacesOutput = Output<typeof searchFacesModel.output>;
