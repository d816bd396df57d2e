import { faceDetail, unsearchedFace } from './face-details.js';
import { image, qualityFilter } from './images.js';
import { collectionId, maxUsers, percent, text } from './scalars.js';
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
import { userMatchList } from './users.js';

const searchedFaceDetails = structure({
  FaceDetail: optional(faceDetail),
});

/** Users that look like the largest face of a photo. */
export const searchUsersByImageModel = {
  input: structure({
    CollectionId: required(collectionId),
    Image: required(image),
    UserMatchThreshold: optional(percent),
    MaxUsers: optional(maxUsers),
    QualityFilter: optional(qualityFilter),
  }),
  output: structure({
    UserMatches: optional(userMatchList),
    FaceModelVersion: optional(text),
    SearchedFace: optional(searchedFaceDetails),
    UnsearchedFaces: optional(list(unsearchedFace)),
  }),
  errors: [
    ...COMMON_ERRORS,
    'ResourceNotFoundException',
    'InvalidImageFormatException',
    'InvalidS3ObjectException',
    'ImageTooLargeException',
  ],
  defaults: { UserMatchThreshold: 80, QualityFilter: 'NONE' },
} as const satisfies OperationModel;

export type SearchUsersByImageInput = Input<typeof searchUsersByImageModel.input>;
export type SearchUsersByImageOutput = Output<typeof searchUsersByImageModel.output>;
