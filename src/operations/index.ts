import { isCollectionMoved } from '../errors.js';
import type { OperationInput, OperationName, OperationOutput } from '../model/operations.js';
import { associateFaces } from './associate-faces.js';
import { compareFaces } from './compare-faces.js';
import { createCollection } from './create-collection.js';
import { createUser } from './create-user.js';
import { deleteCollection } from './delete-collection.js';
import { deleteFaces } from './delete-faces.js';
import { deleteUser } from './delete-user.js';
import { describeCollection } from './describe-collection.js';
import { detectFaces } from './detect-faces.js';
import { disassociateFaces } from './disassociate-faces.js';
import { indexFaces } from './index-faces.js';
import { listCollections } from './list-collections.js';
import { listFaces } from './list-faces.js';
import { listTagsForResource } from './list-tags-for-resource.js';
import { listUsers } from './list-users.js';
import { searchFaces } from './search-faces.js';
import { searchFacesByImage } from './search-faces-by-image.js';
import { searchUsers } from './search-users.js';
import { searchUsersByImage } from './search-users-by-image.js';
import type { Services } from './services.js';
import { tagResource } from './tag-resource.js';
import { untagResource } from './untag-resource.js';

/** What an operation needs to know of its request besides the input. */
export interface OperationContext {
  /** Aborted when the caller goes away. */
  signal: AbortSignal;
}

type Operation<N extends OperationName> = (
  services: Services,
  input: OperationInput<N>,
  context: OperationContext,
) => Promise<OperationOutput<N>>;

/** Every operation of the API by its name; the compiler refuses a missing one. */
const OPERATIONS: { readonly [N in OperationName]: Operation<N> } = {
  AssociateFaces: associateFaces,
  CompareFaces: compareFaces,
  CreateCollection: createCollection,
  CreateUser: createUser,
  DeleteCollection: deleteCollection,
  DeleteFaces: deleteFaces,
  DeleteUser: deleteUser,
  DescribeCollection: describeCollection,
  DetectFaces: detectFaces,
  DisassociateFaces: disassociateFaces,
  IndexFaces: indexFaces,
  ListCollections: listCollections,
  ListFaces: listFaces,
  ListTagsForResource: listTagsForResource,
  ListUsers: listUsers,
  SearchFaces: searchFaces,
  SearchFacesByImage: searchFacesByImage,
  SearchUsers: searchUsers,
  SearchUsersByImage: searchUsersByImage,
  TagResource: tagResource,
  UntagResource: untagResource,
};

export type OperationHandlers = {
  readonly [N in OperationName]: (
    input: OperationInput<N>,
    context: OperationContext,
  ) => Promise<OperationOutput<N>>;
};

/**
 * The operations bound to their services, as the dispatcher calls them. One that meets the switch of its collection
 * to another model is made again, with that model.
 */
export const bindOperations = (services: Services): OperationHandlers =>
  Object.fromEntries(
    Object.entries(OPERATIONS).map(([name, operation]) => [
      name,
      (input: never, context: OperationContext) =>
        againWhenMoved(() => operation(services, input, context)),
    ]),
  ) as OperationHandlers;

async function againWhenMoved(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (isCollectionMoved(error)) return work();
    throw error;
  }
}
