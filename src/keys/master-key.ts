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
export const readMasterKey = (path: string): MasterKey => masterKey(readMasterBytes(path));

function readMasterBytes(path: string): Uint8Array {
  const text = readPrivateFile('LIKENESS_MASTER_KEY_FILE', path, MAX_FILE_BYTES).trim();
  if (!TEXT.test(text))
    throw new OperatorError(
      `LIKENESS_MASTER_KEY_FILE: ${path} holds no master key: expected base64 of ${KEY_BYTES} random bytes, as \`openssl rand -base64 ${KEY_BYTES}\` prints them`,
    );
  return Buffer.from(text, 'base64');
}

/** Encrypts under one key for one purpose; `context` is bound in, so that nothing opens in another's place. */
export interface Sealer {
  seal: (plain: Uint8Array, context: string) => Buffer;
  /** Undefined when it was sealed with another key or for another context, or is damaged. */
  open: (sealed: Uint8Array, context: string) => Buffer | undefined;
}

/** AES-256-GCM (NIST SP 800-38D) under a key derived by HKDF (RFC 5869), a random nonce each time. */
function sealer(bytes: Uint8Array, purpose: string): Sealer {
  const key = Buffer.from(hkdfSync('sha256', bytes, '', purpose, KEY_BYTES));
  return {
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      const parts = [iv, cipher.update(plain), cipher.final()];
      return Buffer.concat([...parts, cipher.getAuthTag()]);
    },
    open(sealed, context) {
      if (sealed.length <= IV_BYTES + TAG_BYTES) return undefined;
      const iv = sealed.subarray(0, IV_BYTES);
      const cipher = createDecipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([
          cipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)),
          cipher.final(),
        ]);
      } catch {
        return undefined;
      }
    },
  };
}

/** Encrypts the crops of faces; the context is the FaceId. */
export const readCropKey = (path: string): Sealer =>
  sealer(readMasterBytes(path), 'likeness face crops');

/** Encrypts secrets for the keys file. */
export function masterKey(bytes: Uint8Array): MasterKey {
  const { seal, open } = sealer(bytes, 'likeness access keys');
  return {
    seal: (secret, owner) =>
      PREFIX + seal(Buffer.from(JSON.stringify(secret)), context(owner)).toString('base64url'),
    open(sealed, owner) {
      if (!sealed.startsWith(PREFIX)) return undefined;
      const text = open(Buffer.from(sealed.slice(PREFIX.length), 'base64url'), context(owner));
      return text && (JSON.parse(text.toString()) as Secret);
    },
  };
}

const context = ({ accessKeyId, principal }: SecretOwner): string =>
  JSON.stringify([accessKeyId, principal]);
