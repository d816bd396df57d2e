import { carriesOver } from '../domain/ids.js';
import { ApiError } from '../errors.js';
import type { Collection } from '../store/store.js';
import type { Services } from './services.js';

/**
 * The collection, if this service runs the model that its embeddings are of. Embeddings of different models
 * share no scale, so a collection is never mixed.
 */
export async function openCollection(
  { store, vision }: Pick<Services, 'store' | 'vision'>,
  collectionId: string,
): Promise<Collection> {
  const collection = await store.collection(collectionId);
  const { modelId } = collection;
  if (vision.models.every(({ id }) => id !== modelId)) {
    const ids = vision.models.map(({ id }) => id).join(', ');
    throw new ApiError(
      'InvalidParameterException',
      `The collection id: ${collectionId} was made with the model ${modelId}, this service runs ${ids}: name the model in LIKENESS_MODEL, or move the collection ${howToMove(collection, vision)}`,
    );
  }
  return collection;
}

/** The command is told in full where nothing else is needed. */
function howToMove({ collectionId, modelId }: Collection, { models }: Services['vision']): string {
  const target = models.find((model) => carriesOver(modelId, model));
  return target
    ? `without photos: likeness collections migrate ${collectionId} --model ${target.name} --switch`
    : 'with likeness collections migrate';
}
