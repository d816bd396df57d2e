import { boundingBox } from './face-details.js';
import { externalImageId, faceId, faceModelVersion, imageId, percent, userId } from './scalars.js';
import { list, optional, structure } from './shapes.js';

/** A face as a collection keeps it. */
export const face = structure({
  FaceId: optional(faceId),
  BoundingBox: optional(boundingBox),
  ImageId: optional(imageId),
  ExternalImageId: optional(externalImageId),
  Confidence: optional(percent),
  IndexFacesModelVersion: optional(faceModelVersion),
  UserId: optional(userId),
});

export const faceMatch = structure({ Similarity: optional(percent), Face: optional(face) });

/** Names a face in a reply: AssociatedFace, DisassociatedFace and SearchedFace all look so. */
export const namedFace = structure({ FaceId: optional(faceId) });

export const faceIdList = list(faceId, { min: 1, max: 4096 });

/** The faces of one associate or disassociate call. */
export const userFaceIdList = list(faceId, { min: 1, max: 100 });
