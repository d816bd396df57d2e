import { DEFAULTS } from '../domain/limits.js';
import { ApiError } from '../errors.js';
import {
  type SearchFacesByImageInput,
  type SearchFacesByImageOutput,
  searchFacesByImageModel,
} from '../model/search-faces-by-image.js';
import { openCollection } from './collections.js';
import { toBoundingBox } from './faces.js';
import { largestFace } from './images.js';
import type { Services } from './services.js';
import { findSimilarFaces, toFaceMatches } from './similar.js';

/** Faces that resemble the largest face of a photo. */
export async function searchFacesByImage(
  services: Pick<Services, 'store' | 'vision' | 'vectors' | 'calibrations' | 'objects'>,
  input: SearchFacesByImageInput,
  { signal }: { signal: AbortSignal },
): Promise<SearchFacesByImageOutput> {
  const {
    CollectionId: collectionId,
    MaxFaces: limit = DEFAULTS.maxFaces,
    FaceMatchThreshold: threshold = searchFacesByImageModel.defaults.FaceMatchThreshold,
    QualityFilter: filter = searchFacesByImageModel.defaults.QualityFilter,
  } = input;
  const collection = await openCollection(services, collectionId);
  const { searched } = await largestFace(
    services,
    input.Image,
    { filter, models: [collection.modelId] },
    signal,
  );
  if (!searched)
    throw new ApiError(
      'InvalidParameterException',
      'There are no faces in the image. Should be at least 1.',
    );
  const matches = await findSimilarFaces(services, collection, {
    query: searched.embedding,
    limit,
    threshold,
  });
  return {
    SearchedFaceBoundingBox: toBoundingBox(searched.box),
    SearchedFaceConfidence: searched.confidence,
    FaceMatches: toFaceMatches(matches, collection),
    FaceModelVersion: collection.faceModelVersion,
  };
}
