import type { PageTokens } from '../domain/page-token.js';

/** The page a list operation asks the store for. MaxResults 0 means the default (the model allows it). */
export function pageOf(
  pageTokens: PageTokens,
  scope: readonly unknown[],
  { NextToken: token, MaxResults: maxResults }: { NextToken?: string; MaxResults?: number },
  defaultLimit: number,
): { limit: number; after?: number } {
  const after = pageTokens.read(scope, token);
  return { limit: maxResults || defaultLimit, ...(after !== undefined && { after }) };
}

/** The NextToken member; none on the last page. */
export const nextToken = (
  pageTokens: PageTokens,
  scope: readonly unknown[],
  next: number | undefined,
): { NextToken?: string } =>
  next === undefined ? {} : { NextToken: pageTokens.write(scope, next) };
