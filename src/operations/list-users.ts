import { DEFAULTS } from '../domain/limits.js';
import type { ListUsersInput, ListUsersOutput } from '../model/list-users.js';
import { nextToken, pageOf, scopeIn } from './paging.js';
import type { Services } from './services.js';
import { toUser } from './users.js';

/** Pages through the users of a collection. */
export async function listUsers(
  services: Pick<Services, 'store' | 'pageTokens'>,
  input: ListUsersInput,
): Promise<ListUsersOutput> {
  const { store, pageTokens } = services;
  const { CollectionId: collectionId } = input;
  const scope = scopeIn('ListUsers', await store.collection(collectionId));
  const { items, next } = await store.listUsers(
    collectionId,
    pageOf(pageTokens, scope, input, DEFAULTS.listUsers),
  );
  return { Users: items.map(toUser), ...nextToken(pageTokens, scope, next) };
}
