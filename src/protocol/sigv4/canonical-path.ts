import { escapeBytes } from './uri-escape.js';

/**
 * The path line of the canonical request: dot segments resolved, repeated slashes joined, and every
 * segment, already encoded as sent, encoded once more. S3 alone leaves both out.
 */
export function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(escapeBytes(segment));
  }
  const closing = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.join('/')}${closing}`;
}
