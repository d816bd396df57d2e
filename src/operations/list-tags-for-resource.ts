import type {
  ListTagsForResourceInput,
  ListTagsForResourceOutput,
} from '../model/list-tags-for-resource.js';
import type { Services } from './services.js';
import { taggedCollection } from './tags.js';

/** The tags of a collection. */
export async function listTagsForResource(
  services: Pick<Services, 'store' | 'settings'>,
  input: ListTagsForResourceInput,
): Promise<ListTagsForResourceOutput> {
  const collectionId = taggedCollection(services, input.ResourceArn);
  return { Tags: await services.store.tags(collectionId) };
}
