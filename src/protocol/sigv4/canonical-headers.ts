/** The header lines of the canonical request, in the order the client signed them. */
export const canonicalHeaders = (
  signedHeaders: readonly string[],
  headers: Readonly<Record<string, string | undefined>>,
): string =>
  signedHeaders.map((name) => `${name}:${canonicalValue(headers[name] ?? '')}\n`).join('');

/** Trimmed, inner blanks collapsed to one. Only blanks and tabs count: other bytes may be part of UTF-8. */
const canonicalValue = (value: string): string =>
  value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '');
