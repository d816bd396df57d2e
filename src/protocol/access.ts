import type { OperationName } from '../model/operations.js';

/** What rights and rates have to know of an operation. */
export interface OperationAccess {
  /**
   * What it is about: the collection in its CollectionId, the one in its ResourceArn, or none, which policies
   * name `*` (AWS Service Authorization Reference, "Actions defined by Amazon Rekognition").
   */
  readonly resource: 'collection' | 'tagged' | 'none';
  /** True when a second execution of a captured request would change something. */
  readonly mutates: boolean;
  /** Operations of one class share a rate limit; those that look at photos cost the most. */
  readonly rate: RateClass;
}

export type RateClass = 'read' | 'write' | 'image';

const access = (
  resource: OperationAccess['resource'],
  rate: RateClass,
  mutates = rate === 'write',
): OperationAccess => ({ resource, mutates, rate });

export const ACCESS = {
  CreateCollection: access('collection', 'write'),
  DeleteCollection: access('collection', 'write'),
  DescribeCollection: access('collection', 'read'),
  ListCollections: access('none', 'read'),
  IndexFaces: access('collection', 'image', true),
  ListFaces: access('collection', 'read'),
  DeleteFaces: access('collection', 'write'),
  SearchFaces: access('collection', 'read'),
  SearchFacesByImage: access('collection', 'image'),
  CreateUser: access('collection', 'write'),
  DeleteUser: access('collection', 'write'),
  ListUsers: access('collection', 'read'),
  AssociateFaces: access('collection', 'write'),
  DisassociateFaces: access('collection', 'write'),
  SearchUsers: access('collection', 'read'),
  SearchUsersByImage: access('collection', 'image'),
  DetectFaces: access('none', 'image'),
  CompareFaces: access('none', 'image'),
  TagResource: access('tagged', 'write'),
  UntagResource: access('tagged', 'write'),
  ListTagsForResource: access('tagged', 'read'),
} as const satisfies Record<OperationName, OperationAccess>;
