import { boundingBox } from './face-details.js';
import { faceMatch } from './faces.js';
import { image, qualityFilter } from './images.js';
import { collectionId, maxFaces, percent, text } from './scalars.js';
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

/** Faces that look like the largest face of a photo. */
export const searchFacesByImageModel = {
  input: structure({
    CollectionId: required(collectionId),
    Image: required(image),
    MaxFaces: optional(maxFaces),
    FaceMatchThreshold: optional(percent),
    QualityFilter: optional(qualityFilter),
  }),
  output: structure({
    SearchedFaceBoundingBox: optional(boundingBox),
    SearchedFaceConfidence: optional(percent),
    FaceMatches: optional(list(faceMatch)),
    FaceModelVersion: optional(text),
  }),
  errors: [
    ...COMMON_ERRORS,
    'InvalidS3ObjectException',
    'ImageTooLargeException',
    'ResourceNotFoundException',
    'InvalidImageFormatException',
  ],
  defaults: { FaceMatchThreshold: 80, QualityFilter: 'NONE' },
} as const satisfies OperationModel;

export type SearchFacesByImageInput = Input<typeof searchFacesByImageModel.input>;
export type SearchFacesByImageOutput = Output<typeof searchFacesByImageModel.output>;
