import { escapeBytes, unescapeBytes } from './uri-escape.js';

/** The query line of the canonical request: names and values encoded one way, sorted by name, then value. */
export function canonicalQuery(query: string): string {
  return queryParameters(query)
    .map(([name, value]) => [escapeBytes(name), escapeBytes(value)] as const)
    .toSorted(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** Decoded names and values of a query string, in the order sent. A name alone has an empty value. */
export function queryParameters(query: string): (readonly [name: string, value: string])[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0
        ? ([unescapeBytes(part), ''] as const)
        : ([unescapeBytes(part.slice(0, equals)), unescapeBytes(part.slice(equals + 1))] as const);
    });
}

/** By code, as the specification wants; `localeCompare` would not do. */
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
