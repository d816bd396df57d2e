import { namedFace, userFaceIdList } from './faces.js';
import { clientRequestToken, collectionId, faceId, percent, userId } from './scalars.js';
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
import { userStatus } from './users.js';

const unsuccessfulFaceAssociation = structure({
  FaceId: optional(faceId),
  UserId: optional(userId),
  Confidence: optional(percent),
  Reasons: optional(
    list(
      enumeration(
        ['FACE_NOT_FOUND', 'ASSOCIATED_TO_A_DIFFERENT_USER', 'LOW_MATCH_CONFIDENCE'],
        // The user is full. AWS documents the case and names no reason for it.
        ['MAX_FACES_PER_USER_EXCEEDED'],
      ),
    ),
  ),
});

/** Adds faces to a user, each only if it resembles the faces that user already has. */
export const associateFacesModel = {
  input: structure({
    CollectionId: required(collectionId),
    UserId: required(userId),
    FaceIds: required(userFaceIdList),
    UserMatchThreshold: optional(percent),
    ClientRequestToken: optional(clientRequestToken),
  }),
  output: structure({
    AssociatedFaces: optional(list(namedFace, { min: 0, max: 100 })),
    UnsuccessfulFaceAssociations: optional(list(unsuccessfulFaceAssociation, { min: 0, max: 500 })),
    UserStatus: optional(userStatus),
  }),
  errors: [
    ...COMMON_ERRORS,
    'IdempotentParameterMismatchException',
    'ResourceNotFoundException',
    'ConflictException',
    'ServiceQuotaExceededException',
  ],
  idempotencyToken: 'ClientRequestToken',
  defaults: { UserMatchThreshold: 75 },
} as const satisfies OperationModel;

export type AssociateFacesInput = Input<typeof associateFacesModel.input>;
export type AssociateFacesOutput = Output<typeof associateFacesModel.output>;
