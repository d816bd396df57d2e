import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ApiError } from '../errors.js';

/**
 * Opaque paging tokens: a cursor, sealed so that nobody can read it, change it, or use it for another
 * operation, collection or filter than it was made for. They survive restarts (the key is a stored
 * secret) and are 48 characters long, far below the API's 255. No two are alike, not even for one
 * cursor: clients take an answer with the token they sent for an endless loop (contract 5.25).
 */
export interface PageTokens {
  write(scope: readonly unknown[], cursor: number): string;
  /** Undefined without a token: the first page. InvalidPaginationTokenException for any that is not ours. */
  read(scope: readonly unknown[], token: string | undefined): number | undefined;
}

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const CURSOR_BYTES = 8;
const TAG_BYTES = 16;

/** `key`: 32 random bytes. */
export function createPageTokens(key: Buffer): PageTokens {
  return {
    write(scope, cursor) {
      const plain = Buffer.alloc(CURSOR_BYTES);
      plain.writeBigUInt64BE(BigInt(cursor));
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(bound(scope));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
    },
    read(scope, token) {
      if (token === undefined) return undefined;
      const bytes = Buffer.from(token, 'base64url');
      // base64url has several spellings of the same bytes; only the one we write is a token of ours.
      if (
        bytes.length !== NONCE_BYTES + CURSOR_BYTES + TAG_BYTES ||
        bytes.toString('base64url') !== token
      )
        throw invalid();
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(bound(scope));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const sealed = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
      try {
        const plain = Buffer.concat([decipher.update(sealed), decipher.final()]);
        return Number(plain.readBigUInt64BE());
      } catch (cause) {
        throw invalid(cause);
      }
    },
  };
}

const bound = (scope: readonly unknown[]): Buffer => Buffer.from(JSON.stringify(scope));

const invalid = (cause?: unknown): ApiError =>
  new ApiError('InvalidPaginationTokenException', undefined, { cause });
