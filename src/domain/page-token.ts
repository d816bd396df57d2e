import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../errors.js';

/**
 * Opaque paging tokens: a cursor and a MAC that binds it to the operation, the collection and the
 * filters. They survive restarts (the key is a stored secret), stay far below the API's 255
 * characters, and a forged or foreign one is InvalidPaginationTokenException.
 */
export interface PageTokens {
  write(scope: readonly unknown[], cursor: number): string;
  /** Undefined without a token: the first page. */
  read(scope: readonly unknown[], token: string | undefined): number | undefined;
}

const MAC_BYTES = 16;
const CURSOR_BYTES = 8;

/** `key`: at least 32 random bytes. */
export function createPageTokens(key: Buffer): PageTokens {
  const mac = (scope: readonly unknown[], cursor: Buffer): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify(scope))
      .update(cursor)
      .digest()
      .subarray(0, MAC_BYTES);

  return {
    write(scope, cursor) {
      const bytes = Buffer.alloc(CURSOR_BYTES);
      bytes.writeBigUInt64BE(BigInt(cursor));
      return Buffer.concat([bytes, mac(scope, bytes)]).toString('base64url');
    },
    read(scope, token) {
      if (token === undefined) return undefined;
      const bytes = Buffer.from(token, 'base64url');
      const [cursor, given] = [bytes.subarray(0, CURSOR_BYTES), bytes.subarray(CURSOR_BYTES)];
      const valid =
        bytes.length === CURSOR_BYTES + MAC_BYTES &&
        bytes.toString('base64url') === token &&
        timingSafeEqual(given, mac(scope, cursor));
      if (!valid) throw new ApiError('InvalidPaginationTokenException', 'Invalid Pagination Token');
      return Number(cursor.readBigUInt64BE());
    },
  };
}
