import type { DeleteFacesInput, DeleteFacesOutput } from '../model/delete-faces.js';
import type { Services } from './services.js';

/** Deletes faces that belong to no user. */
export async function deleteFaces(
  services: Pick<Services, 'store' | 'vectors'>,
  input: DeleteFacesInput,
): Promise<DeleteFacesOutput> {
  const { store, vectors } = services;
  const { CollectionId: collectionId, FaceIds: faceIds } = input;
  const collection = await store.collection(collectionId);
  const { value, sequence } = await store.deleteFaces(collectionId, faceIds);
  await vectors.reach(collection, sequence);
  return {
    DeletedFaces: value.deleted,
    UnsuccessfulFaceDeletions: value.refused.map((refusal) => ({
      FaceId: refusal.faceId,
      ...('userId' in refusal && { UserId: refusal.userId }),
      Reasons: [refusal.reason],
    })),
  };
}
