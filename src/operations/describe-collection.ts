import { collectionArn } from '../domain/ids.js';
import { ApiError } from '../errors.js';
import type {
  DescribeCollectionInput,
  DescribeCollectionOutput,
} from '../model/describe-collection.js';
import type { Services } from './services.js';

/** Counts, model version, ARN and age of a collection. */
export async function describeCollection(
  services: Pick<Services, 'store' | 'settings'>,
  input: DescribeCollectionInput,
): Promise<DescribeCollectionOutput> {
  const { store, settings } = services;
  const { CollectionId: collectionId } = input;
  const collection = await store.collection(collectionId).catch((error: unknown) => {
    // The one operation whose text for a missing collection differs (recorded reply).
    if (error instanceof ApiError && error.code === 'ResourceNotFoundException')
      throw new ApiError(error.code, `Collection:${collectionId} not found!`, { cause: error });
    throw error;
  });
  return {
    FaceCount: collection.faceCount,
    FaceModelVersion: collection.faceModelVersion,
    CollectionARN: collectionArn(settings.place, collectionId),
    CreationTimestamp: collection.createdAtMs,
    UserCount: collection.userCount,
  };
}
