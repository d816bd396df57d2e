import type { DeleteUserInput, DeleteUserOutput } from '../model/delete-user.js';
import { idempotencyOf } from './idempotency.js';
import type { Services } from './services.js';

/** Frees all faces of a user, then removes it. The faces stay in the collection. */
export async function deleteUser(
  services: Pick<Services, 'store' | 'vectors' | 'settings' | 'clock'>,
  input: DeleteUserInput,
): Promise<DeleteUserOutput> {
  const { store, vectors } = services;
  const { CollectionId: collectionId, UserId: userId } = input;
  const collection = await store.collection(collectionId);
  const { sequence } = await store.deleteUser(
    collectionId,
    userId,
    idempotencyOf(services, 'DeleteUser', input),
  );
  await vectors.reach(collection, sequence);
  return {};
}
