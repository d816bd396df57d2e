import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { OperatorError } from '../errors.js';
import { createPrivateFile, readPrivateFile } from './private-file.js';

/** What an access key is worth: whoever has it can sign. */
export interface Secret {
  readonly secretAccessKey: string;
  /** Temporary keys only. */
  readonly sessionToken?: string;
}

/** Whose secret it is. Sealed along, so that a secret moved to another entry cannot be opened there. */
export interface SecretOwner {
  readonly accessKeyId: string;
  readonly principal: string;
}

/** Encrypts secrets for the keys file; without it the file is of no use to a thief. */
export interface MasterKey {
  seal(secret: Secret, owner: SecretOwner): string;
  /** Undefined when it was sealed with another master key or for another owner, or is damaged. */
  open(sealed: string, owner: SecretOwner): Secret | undefined;
}

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'aes-256-gcm';
const PREFIX = 'v1.';
const TEXT = /^[A-Za-z0-9+/]{43}=$/;
const MAX_FILE_BYTES = 1024;

/** Writes a new random master key; the file must not exist. */
export const createMasterKey = (path: string): void =>
  createPrivateFile(path, `${randomBytes(KEY_BYTES).toString('base64')}\n`);

/** Reads the master key: base64 of 32 random bytes. */
export function readMasterKey(path: string): MasterKey {
  const text = readPrivateFile('LIKENESS_MASTER_KEY_FILE', path, MAX_FILE_BYTES).trim();
  if (!TEXT.test(text))
    throw new OperatorError(
      `LIKENESS_MASTER_KEY_FILE: ${path} holds no master key: expected base64 of ${KEY_BYTES} random bytes, as \`openssl rand -base64 ${KEY_BYTES}\` prints them`,
    );
  return masterKey(Buffer.from(text, 'base64'));
}

/** AES-256-GCM (NIST SP 800-38D) under a key derived by HKDF (RFC 5869), a random nonce for each secret. */
export function masterKey(bytes: Uint8Array): MasterKey {
  const key = Buffer.from(hkdfSync('sha256', bytes, '', 'likeness access keys', KEY_BYTES));
  return {
    seal(secret, owner) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(context(owner));
      const parts = [iv, cipher.update(JSON.stringify(secret)), cipher.final()];
      return PREFIX + Buffer.concat([...parts, cipher.getAuthTag()]).toString('base64url');
    },
    open(sealed, owner) {
      const bytesOf = Buffer.from(sealed.slice(PREFIX.length), 'base64url');
      if (!sealed.startsWith(PREFIX) || bytesOf.length <= IV_BYTES + TAG_BYTES) return undefined;
      const iv = bytesOf.subarray(0, IV_BYTES);
      const cipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(context(owner));
      cipher.setAuthTag(bytesOf.subarray(-TAG_BYTES));
      try {
        const text = Buffer.concat([
          cipher.update(bytesOf.subarray(IV_BYTES, -TAG_BYTES)),
          cipher.final(),
        ]);
        return JSON.parse(text.toString()) as Secret;
      } catch {
        return undefined;
      }
    },
  };
}

const context = ({ accessKeyId, principal }: SecretOwner): Buffer =>
  Buffer.from(JSON.stringify([accessKeyId, principal]));
