import { DEFAULTS } from '../domain/limits.js';
import type { ListFacesInput, ListFacesOutput } from '../model/list-faces.js';
import { toFace } from './faces.js';
import { nextToken, pageOf, scopeIn } from './paging.js';
import type { Services } from './services.js';

/** Pages through the faces of a collection, of one user or of a list of ids. */
export async function listFaces(
  services: Pick<Services, 'store' | 'pageTokens'>,
  input: ListFacesInput,
): Promise<ListFacesOutput> {
  const { store, pageTokens } = services;
  const { CollectionId: collectionId, UserId: userId, FaceIds: faceIds } = input;
  const collection = await store.collection(collectionId);
  const scope = scopeIn('ListFaces', collection, userId, faceIds);
  const { items, next } = await store.listFaces(collectionId, {
    ...pageOf(pageTokens, scope, input, DEFAULTS.listFaces),
    ...(userId !== undefined && { userId }),
    ...(faceIds !== undefined && { faceIds }),
  });
  return {
    Faces: items.map((face) => toFace(face, collection.faceModelVersion)),
    ...nextToken(pageTokens, scope, next),
    FaceModelVersion: collection.faceModelVersion,
  };
}
