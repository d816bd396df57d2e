import { DEFAULTS } from '../domain/limits.js';
import type { ListCollectionsInput, ListCollectionsOutput } from '../model/list-collections.js';
import { nextToken, pageOf } from './paging.js';
import type { Services } from './services.js';

/** Pages through the collections: two parallel lists. */
export async function listCollections(
  services: Pick<Services, 'store' | 'pageTokens'>,
  input: ListCollectionsInput,
): Promise<ListCollectionsOutput> {
  const { store, pageTokens } = services;
  const scope = ['ListCollections'];
  const { items, next } = await store.listCollections(
    pageOf(pageTokens, scope, input, DEFAULTS.listCollections),
  );
  return {
    CollectionIds: items.map(({ collectionId }) => collectionId),
    ...nextToken(pageTokens, scope, next),
    FaceModelVersions: items.map(({ faceModelVersion }) => faceModelVersion),
  };
}
