import { createHash } from 'node:crypto';

export const ALGORITHM = 'AWS4-HMAC-SHA256';

/** What the signing key signs. `time` is the X-Amz-Date, `scope` is `date/region/service/aws4_request`. */
export function stringToSign(time: string, scope: string, canonicalRequest: string): string {
  // Node reads header bytes as Latin-1; writing them so gives the hash of the bytes that were sent.
  const hash = createHash('sha256').update(canonicalRequest, 'latin1').digest('hex');
  return [ALGORITHM, time, scope, hash].join('\n');
}
