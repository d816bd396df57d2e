import { namedFace, userFaceIdList } from './faces.js';
import { clientRequestToken, collectionId, faceId, userId } from './scalars.js';
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

const unsuccessfulFaceDisassociation = structure({
  FaceId: optional(faceId),
  UserId: optional(userId),
  Reasons: optional(list(enumeration(['FACE_NOT_FOUND', 'ASSOCIATED_TO_A_DIFFERENT_USER']))),
});

/** Takes faces away from a user. */
export const disassociateFacesModel = {
  input: structure({
    CollectionId: required(collectionId),
    UserId: required(userId),
    ClientRequestToken: optional(clientRequestToken),
    FaceIds: required(userFaceIdList),
  }),
  output: structure({
    DisassociatedFaces: optional(list(namedFace, { min: 0, max: 100 })),
    UnsuccessfulFaceDisassociations: optional(
      list(unsuccessfulFaceDisassociation, { min: 0, max: 500 }),
    ),
    UserStatus: optional(userStatus),
  }),
  errors: [
    ...COMMON_ERRORS,
    'IdempotentParameterMismatchException',
    'ResourceNotFoundException',
    'ConflictException',
  ],
  idempotencyToken: 'ClientRequestToken',
} as const satisfies OperationModel;

export type DisassociateFacesInput = Input<typeof disassociateFacesModel.input>;
export type DisassociateFacesOutput = Output<typeof disassociateFacesModel.output>;
