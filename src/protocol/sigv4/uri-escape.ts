const UNRESERVED = /[A-Za-z0-9\-._~]/;

const ESCAPED = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return UNRESERVED.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** Percent-encodes every byte but RFC 3986's unreserved ones. The text holds one byte a character. */
export const escapeBytes = (text: string): string =>
  Array.from(text, (character) => ESCAPED[character.charCodeAt(0)] ?? '').join('');

/** Undoes percent-encoding byte by byte; what is no valid escape stays as it is. */
export const unescapeBytes = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
