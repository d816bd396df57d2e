import type { DeleteCollectionInput, DeleteCollectionOutput } from '../model/delete-collection.js';
import type { Services } from './services.js';

/** Removes a collection with all its faces, users and tags. */
export async function deleteCollection(
  services: Pick<Services, 'store' | 'vectors'>,
  input: DeleteCollectionInput,
): Promise<DeleteCollectionOutput> {
  const { store, vectors } = services;
  const { CollectionId: collectionId } = input;
  await store.deleteCollection(collectionId);
  await vectors.drop(collectionId);
  return { StatusCode: 200 };
}
