import { boundingBox, comparedFace } from './face-details.js';
import { image, orientationCorrection, qualityFilter } from './images.js';
import { percent } from './scalars.js';
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

const comparedSourceImageFace = structure({
  BoundingBox: optional(boundingBox),
  Confidence: optional(percent),
});

const compareFacesMatch = structure({
  Similarity: optional(percent),
  Face: optional(comparedFace),
});

/** The largest face of one photo against the faces of another; nothing is kept. */
export const compareFacesModel = {
  input: structure({
    SourceImage: required(image),
    TargetImage: required(image),
    SimilarityThreshold: optional(percent),
    QualityFilter: optional(qualityFilter),
  }),
  output: structure({
    SourceImageFace: optional(comparedSourceImageFace),
    FaceMatches: optional(list(compareFacesMatch)),
    UnmatchedFaces: optional(list(comparedFace)),
    SourceImageOrientationCorrection: optional(orientationCorrection),
    TargetImageOrientationCorrection: optional(orientationCorrection),
  }),
  errors: [
    ...COMMON_ERRORS,
    'InvalidS3ObjectException',
    'ImageTooLargeException',
    'InvalidImageFormatException',
  ],
  defaults: { SimilarityThreshold: 80, QualityFilter: 'NONE' },
} as const satisfies OperationModel;

export type CompareFacesInput = Input<typeof compareFacesModel.input>;
export type CompareFacesOutput = Output<typeof compareFacesModel.output>;
