import type { UntagResourceInput, UntagResourceOutput } from '../model/untag-resource.js';
import type { Services } from './services.js';
import { taggedCollection } from './tags.js';

/** Removes tags from a collection; unknown keys are ignored. */
export async function untagResource(
  services: Pick<Services, 'store' | 'settings' | 'vectors'>,
  input: UntagResourceInput,
): Promise<UntagResourceOutput> {
  const collectionId = taggedCollection(services, input.ResourceArn);
  await services.store.deleteTags(collectionId, input.TagKeys);
  await services.vectors.reconfigure(collectionId);
  return {};
}
