import { ApiError } from '../errors.js';
import type { Collection } from '../store/store.js';
import type { Services } from './services.js';

/**
 * The collection, if its embeddings can be compared with those the running model makes. Embeddings of
 * different models share no scale, so a collection is never mixed.
 */
export async function openCollection(
  { store, vision }: Pick<Services, 'store' | 'vision'>,
  collectionId: string,
): Promise<Collection> {
  const collection = await store.collection(collectionId);
  if (collection.modelId !== vision.model.id)
    throw new ApiError(
      'InvalidParameterException',
      `The collection id: ${collectionId} was made with the model ${collection.modelId}, this service runs ${vision.model.id}: index its photos into a new collection`,
    );
  return collection;
}
