import type { TagResourceInput, TagResourceOutput } from '../model/tag-resource.js';
import type { Services } from './services.js';
import { requireEngineTag, taggedCollection } from './tags.js';

/** Adds tags to a collection; equal keys are overwritten. */
export async function tagResource(
  services: Pick<Services, 'store' | 'settings' | 'vectors'>,
  input: TagResourceInput,
): Promise<TagResourceOutput> {
  const { store, settings, vectors } = services;
  requireEngineTag(input.Tags);
  const collectionId = taggedCollection(services, input.ResourceArn);
  await store.putTags(collectionId, input.Tags, settings.quotas.tagsPerCollection);
  await vectors.reconfigure(collectionId);
  return {};
}
