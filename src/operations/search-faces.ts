import { DEFAULTS } from '../domain/limits.js';
import {
  type SearchFacesInput,
  type SearchFacesOutput,
  searchFacesModel,
} from '../model/search-faces.js';
import { openCollection } from './collections.js';
import type { Services } from './services.js';
import { findSimilarFaces, requireEmbedding, toFaceMatches } from './similar.js';

/** Faces that resemble a stored face, without that face itself. */
export async function searchFaces(
  services: Pick<Services, 'store' | 'vision' | 'vectors' | 'calibrations'>,
  input: SearchFacesInput,
): Promise<SearchFacesOutput> {
  const {
    CollectionId: collectionId,
    FaceId: faceId,
    MaxFaces: limit = DEFAULTS.maxFaces,
    FaceMatchThreshold: threshold = searchFacesModel.defaults.FaceMatchThreshold,
  } = input;
  const collection = await openCollection(services, collectionId);
  const query = await requireEmbedding(services, collectionId, faceId);
  const matches = await findSimilarFaces(services, collection, {
    query,
    limit,
    threshold,
    exclude: faceId,
  });
  return {
    SearchedFaceId: faceId,
    FaceMatches: toFaceMatches(matches, collection),
    FaceModelVersion: collection.faceModelVersion,
  };
}
