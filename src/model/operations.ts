import { associateFacesModel } from './associate-faces.js';
import { compareFacesModel } from './compare-faces.js';
import { createCollectionModel } from './create-collection.js';
import { createUserModel } from './create-user.js';
import { deleteCollectionModel } from './delete-collection.js';
import { deleteFacesModel } from './delete-faces.js';
import { deleteUserModel } from './delete-user.js';
import { describeCollectionModel } from './describe-collection.js';
import { detectFacesModel } from './detect-faces.js';
import { disassociateFacesModel } from './disassociate-faces.js';
import { indexFacesModel } from './index-faces.js';
import { listCollectionsModel } from './list-collections.js';
import { listFacesModel } from './list-faces.js';
import { listTagsForResourceModel } from './list-tags-for-resource.js';
import { listUsersModel } from './list-users.js';
import { searchFacesModel } from './search-faces.js';
import { searchFacesByImageModel } from './search-faces-by-image.js';
import { searchUsersModel } from './search-users.js';
import { searchUsersByImageModel } from './search-users-by-image.js';
import type { Input, OperationModel, Output } from './shapes.js';
import { tagResourceModel } from './tag-resource.js';
import { untagResourceModel } from './untag-resource.js';

/** Every operation of the API, in the order of the contract. A new one is a new file and a line here. */
export const OPERATIONS = {
  CreateCollection: createCollectionModel,
  DeleteCollection: deleteCollectionModel,
  DescribeCollection: describeCollectionModel,
  ListCollections: listCollectionsModel,
  IndexFaces: indexFacesModel,
  ListFaces: listFacesModel,
  DeleteFaces: deleteFacesModel,
  SearchFaces: searchFacesModel,
  SearchFacesByImage: searchFacesByImageModel,
  CreateUser: createUserModel,
  DeleteUser: deleteUserModel,
  ListUsers: listUsersModel,
  AssociateFaces: associateFacesModel,
  DisassociateFaces: disassociateFacesModel,
  SearchUsers: searchUsersModel,
  SearchUsersByImage: searchUsersByImageModel,
  DetectFaces: detectFacesModel,
  CompareFaces: compareFacesModel,
  TagResource: tagResourceModel,
  UntagResource: untagResourceModel,
  ListTagsForResource: listTagsForResourceModel,
} as const satisfies Record<string, OperationModel>;

export type OperationName = keyof typeof OPERATIONS;
export type OperationInput<N extends OperationName> = Input<(typeof OPERATIONS)[N]['input']>;
export type OperationOutput<N extends OperationName> = Output<(typeof OPERATIONS)[N]['output']>;

/** True for a name in the table, and not for what every object inherits. */
export const isOperationName = (name: string): name is OperationName =>
  Object.hasOwn(OPERATIONS, name);
