import { DEFAULTS } from '../domain/limits.js';
import {
  type SearchUsersByImageInput,
  type SearchUsersByImageOutput,
  searchUsersByImageModel,
} from '../model/search-users-by-image.js';
import { openCollection } from './collections.js';
import { toFaceDetail } from './faces.js';
import { largestFace } from './images.js';
import type { Services } from './services.js';
import { findSimilarUsers, toUserMatches } from './similar.js';

/** Users that resemble the largest face of a photo. No face is an answer here, not an error (API reference). */
export async function searchUsersByImage(
  services: Pick<Services, 'store' | 'vision' | 'vectors' | 'calibrations' | 'objects'>,
  input: SearchUsersByImageInput,
  { signal }: { signal: AbortSignal },
): Promise<SearchUsersByImageOutput> {
  const {
    CollectionId: collectionId,
    UserMatchThreshold: threshold = searchUsersByImageModel.defaults.UserMatchThreshold,
    MaxUsers: limit = DEFAULTS.maxUsers,
    QualityFilter: filter = searchUsersByImageModel.defaults.QualityFilter,
  } = input;
  const collection = await openCollection(services, collectionId);
  const { searched, others } = await largestFace(
    services,
    input.Image,
    { filter, models: [collection.modelId] },
    signal,
  );
  const matches = searched
    ? await findSimilarUsers(services, collection, {
        query: searched.embedding,
        queryFaces: 1,
        limit,
        threshold,
      })
    : [];
  return {
    UserMatches: toUserMatches(matches),
    FaceModelVersion: collection.faceModelVersion,
    ...(searched && { SearchedFace: { FaceDetail: toFaceDetail(searched) } }),
    UnsearchedFaces: others.map((face) => ({
      FaceDetails: toFaceDetail(face),
      Reasons: face.reasons.length > 0 ? face.reasons : (['FACE_NOT_LARGEST'] as const),
    })),
  };
}
