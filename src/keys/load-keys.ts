import { OperatorError } from '../errors.js';
import { NOTHING } from '../protocol/policy/policy.js';
import type { ConfiguredKey } from '../protocol/sigv4/credentials.js';
import { type KeyEntry, parseKeysFile, policiesOf } from './keys-file.js';
import { type MasterKey, readMasterKey, type Secret } from './master-key.js';
import { readPrivateFile } from './private-file.js';

/** The two files that together make the keys: either alone signs nothing. */
export interface KeyFiles {
  readonly keysFile: string;
  readonly masterKeyFile: string;
}

const MAX_FILE_BYTES = 64 * 1024 * 1024;

export const readKeysText = (path: string): string =>
  readPrivateFile('LIKENESS_KEYS_FILE', path, MAX_FILE_BYTES);

/** Reads and decrypts every key. OperatorError says what is wrong with which file. */
export function loadKeys(files: KeyFiles, accountId: string): ConfiguredKey[] {
  const file = parseKeysFile(readKeysText(files.keysFile), files.keysFile);
  const master = readMasterKey(files.masterKeyFile);
  const policies = policiesOf(file);
  return file.keys.map((entry) => ({
    ...openSecret(entry, master, files),
    accessKeyId: entry.accessKeyId,
    principalArn: `arn:aws:iam::${accountId}:user/${entry.principal}`,
    policy: policies.get(entry.principal) ?? NOTHING,
    ...(entry.expiresAt !== undefined && { expiresAtMs: Date.parse(entry.expiresAt) }),
  }));
}

/** An entry's secret; OperatorError where the master key is not the one it was encrypted with. */
export function openSecret(entry: KeyEntry, master: MasterKey, files: KeyFiles): Secret {
  const secret = master.open(entry.sealed, entry);
  if (!secret)
    throw new OperatorError(
      `Keys file ${files.keysFile}: the secret of ${entry.accessKeyId} cannot be decrypted: it was encrypted with another master key than the one in ${files.masterKeyFile}, or the entry was changed`,
    );
  return secret;
}
