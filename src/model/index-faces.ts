import { faceDetail, unindexedFace } from './face-details.js';
import { face } from './faces.js';
import { attribute, image, orientationCorrection, qualityFilter } from './images.js';
import { collectionId, externalImageId, text } from './scalars.js';
import {
  COMMON_ERRORS,
  type Input,
  list,
  type NumberShape,
  type OperationModel,
  type Output,
  optional,
  required,
  structure,
} from './shapes.js';

const maxFacesToIndex = { kind: 'integer', min: 1 } as const satisfies NumberShape;

const faceRecord = structure({
  Face: optional(face),
  FaceDetail: optional(faceDetail),
});

/** Finds the faces of a photo and keeps them in a collection. */
export const indexFacesModel = {
  input: structure({
    CollectionId: required(collectionId),
    Image: required(image),
    ExternalImageId: optional(externalImageId),
    DetectionAttributes: optional(list(attribute)),
    MaxFaces: optional(maxFacesToIndex),
    QualityFilter: optional(qualityFilter),
  }),
  output: structure({
    FaceRecords: optional(list(faceRecord)),
    OrientationCorrection: optional(orientationCorrection),
    FaceModelVersion: optional(text),
    UnindexedFaces: optional(list(unindexedFace)),
  }),
  errors: [
    ...COMMON_ERRORS,
    'InvalidS3ObjectException',
    'ImageTooLargeException',
    'ResourceNotFoundException',
    'InvalidImageFormatException',
    'ServiceQuotaExceededException',
  ],
  defaults: { QualityFilter: 'AUTO', DetectionAttributes: ['DEFAULT'] },
} as const satisfies OperationModel;

export type IndexFacesInput = Input<typeof indexFacesModel.input>;
export type IndexFacesOutput = Output<typeof indexFacesModel.output>;
