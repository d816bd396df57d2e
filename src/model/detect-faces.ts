import { faceDetail } from './face-details.js';
import { attribute, image, orientationCorrection } from './images.js';
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

/** The faces of a photo; nothing is kept. */
export const detectFacesModel = {
  input: structure({
    Image: required(image),
    Attributes: optional(list(attribute)),
  }),
  output: structure({
    FaceDetails: optional(list(faceDetail)),
    OrientationCorrection: optional(orientationCorrection),
  }),
  errors: [
    ...COMMON_ERRORS,
    'InvalidS3ObjectException',
    'ImageTooLargeException',
    'InvalidImageFormatException',
  ],
  defaults: { Attributes: ['DEFAULT'] },
} as const satisfies OperationModel;

export type DetectFacesInput = Input<typeof detectFacesModel.input>;
export type DetectFacesOutput = Output<typeof detectFacesModel.output>;
