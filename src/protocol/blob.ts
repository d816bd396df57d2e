import { ApiError } from '../errors.js';
import { clip } from './print-value.js';

const NOT_BASE64 = /[^a-zA-Z0-9+/=]|=[^=]/;

/**
 * Decodes a base64 string, strictly: whole groups of four, the plain alphabet, padding at the end only,
 * no stray bits in the last character. Anything else is a SerializationException with AWS's text.
 */
export function decodeBlob(text: string): Uint8Array {
  if (text.length % 4 !== 0)
    return refuse(
      text,
      `Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`,
    );
  const bytes = Buffer.from(text, 'base64');
  // Encoding again and comparing is many times faster on a photo than a search with the expression.
  if (bytes.toString('base64') === text) return bytes;
  const wrong = NOT_BASE64.exec(text);
  if (wrong) return refuse(text, `Invalid Base64 character: '${wrong[0].charAt(0)}'`);
  return refuse(text, 'Invalid last non-pad Base64 character dectected');
}

function refuse(text: string, reason: string): never {
  throw new ApiError(
    'SerializationException',
    `'${clip(text)}' can not be converted to a Blob: ${reason}`,
  );
}
