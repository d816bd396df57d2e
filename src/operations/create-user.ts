import type { CreateUserInput, CreateUserOutput } from '../model/create-user.js';
import { idempotencyOf } from './idempotency.js';
import type { Services } from './services.js';

/** Makes a user without faces. */
export async function createUser(
  services: Pick<Services, 'store' | 'settings' | 'clock'>,
  input: CreateUserInput,
): Promise<CreateUserOutput> {
  const { CollectionId: collectionId, UserId: userId } = input;
  await services.store.createUser(collectionId, userId, {
    maxUsers: services.settings.quotas.usersPerCollection,
    ...idempotencyOf(services, 'CreateUser', input),
  });
  return {};
}
