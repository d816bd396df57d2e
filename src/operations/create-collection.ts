import { shortCollectionArn } from '../domain/ids.js';
import type { CreateCollectionInput, CreateCollectionOutput } from '../model/create-collection.js';
import type { Services } from './services.js';
import { requireEngineTag, requireTagCount } from './tags.js';

/** Makes an empty collection, pinned to the running embedding model and the present default of its calibrations. */
export async function createCollection(
  services: Pick<Services, 'store' | 'vision' | 'calibrations' | 'settings' | 'clock'>,
  input: CreateCollectionInput,
): Promise<CreateCollectionOutput> {
  const { store, vision, calibrations, settings, clock } = services;
  const { CollectionId: collectionId, Tags: tags = {} } = input;
  requireTagCount(tags, settings.quotas.tagsPerCollection);
  requireEngineTag(tags);
  const { model } = vision;
  await store.createCollection({
    collectionId,
    modelId: model.id,
    calibrationVersion: (await calibrations.current()).version,
    faceModelVersion: model.version,
    dimension: model.dimension,
    tags,
    createdAtMs: clock(),
    maxCollections: settings.quotas.collections,
  });
  return {
    StatusCode: 200,
    CollectionArn: shortCollectionArn(settings.place, collectionId),
    FaceModelVersion: model.version,
  };
}
