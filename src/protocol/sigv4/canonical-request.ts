import { createHash } from 'node:crypto';
import type { WireRequest } from '../wire.js';
import { canonicalHeaders } from './canonical-headers.js';
import { canonicalPath } from './canonical-path.js';
import { canonicalQuery } from './canonical-query.js';

/** The text a signature vouches for, by the AWS documentation "Create a signed request", step 1. */
export function canonicalRequest(
  request: WireRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const { path, query } = splitUrl(request.url);
  return [
    request.method,
    canonicalPath(path),
    canonicalQuery(query),
    canonicalHeaders(signedHeaders, request.headers),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

export function splitUrl(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark < 0
    ? { path: url, query: '' }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** Hex SHA-256 of the body. */
export const payloadHashOf = (body: Uint8Array): string =>
  createHash('sha256').update(body).digest('hex');
