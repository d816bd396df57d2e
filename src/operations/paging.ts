import type { PageTokens } from '../domain/page-token.js';
import type { Collection } from '../store/store.js';

/** What a paging token is good for: one operation, with one set of filters. */
export type PageScope = readonly unknown[];

/**
 * The scope of a list inside a collection. With its time of creation, so that a token does not outlive
 * the collection it was made for when another one takes its name.
 */
export const scopeIn = (
  operation: string,
  { collectionId, createdAtMs }: Collection,
  ...filters: readonly unknown[]
): PageScope => [operation, collectionId, createdAtMs, ...filters.map((filter) => filter ?? null)];

/** The page a list operation asks the store for. MaxResults 0 means the default (the model allows it). */
export function pageOf(
  pageTokens: PageTokens,
  scope: PageScope,
  { NextToken: token, MaxResults: maxResults }: { NextToken?: string; MaxResults?: number },
  defaultLimit: number,
): { limit: number; after?: number } {
  const after = pageTokens.read(scope, token);
  return { limit: maxResults || defaultLimit, ...(after !== undefined && { after }) };
}

/** The NextToken member; none on the last page. */
export const nextToken = (
  pageTokens: PageTokens,
  scope: PageScope,
  next: number | undefined,
): { NextToken?: string } =>
  next === undefined ? {} : { NextToken: pageTokens.write(scope, next) };
