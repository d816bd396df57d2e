import { closeSync, existsSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { OperatorError } from '../errors.js';
import { EMPTY, type KeysFile, parseKeysFile, printKeysFile } from './keys-file.js';
import { type KeyFiles, openSecret, readKeysText } from './load-keys.js';
import { createMasterKey, type MasterKey, readMasterKey } from './master-key.js';
import { replacePrivateFile } from './private-file.js';

/** A change of the keys file and what to tell about it. */
export interface Edit<T> {
  readonly file: KeysFile;
  readonly result: T;
}

const LOCK_TIMEOUT_MS = 10_000;

/**
 * Reads, changes and replaces the keys file, one caller at a time. Both files are made where there are none.
 * A text editor holds no lock: what it wrote meanwhile is not overwritten, the change fails instead.
 */
export function editKeys<T>(
  files: KeyFiles,
  change: (file: KeysFile, master: MasterKey) => Edit<T>,
): T {
  const { keysFile } = files;
  return whileLocked(`${keysFile}.lock`, () => {
    const before = existsSync(keysFile) ? readKeysText(keysFile) : undefined;
    const file = before === undefined ? EMPTY : parseKeysFile(before, keysFile);
    const { file: changed, result } = change(file, masterKeyFor(file, files));
    const text = printKeysFile(changed);
    // The service will read this: what it would refuse must not be written.
    parseKeysFile(text, keysFile);
    if ((existsSync(keysFile) ? readKeysText(keysFile) : undefined) !== before)
      throw new OperatorError(
        `${keysFile} was changed by somebody else meanwhile: nothing was written, try again`,
      );
    replace(keysFile, text);
    return result;
  });
}

/** The keys file as it is; a missing one is an error here. */
export const readKeysFile = ({ keysFile }: Pick<KeyFiles, 'keysFile'>): KeysFile =>
  parseKeysFile(readKeysText(keysFile), keysFile);

/** The master key. A new one is made only where no secret depends on an old one. */
function masterKeyFor(file: KeysFile, files: KeyFiles): MasterKey {
  const { masterKeyFile } = files;
  if (file.keys.length === 0 && !existsSync(masterKeyFile))
    withRemedy(masterKeyFile, () => createMasterKey(masterKeyFile));
  const master = readMasterKey(masterKeyFile);
  for (const entry of file.keys) openSecret(entry, master, files);
  return master;
}

const replace = (path: string, text: string): void =>
  withRemedy(path, () => replacePrivateFile(path, text));

function withRemedy<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new OperatorError(
      `${path} cannot be written: ${(cause as Error).message}: run this as the user who owns it, in a folder that exists`,
      { cause },
    );
  }
}

/** SQLite's lock: held by this process alone, and let go by the kernel whatever becomes of it. */
function whileLocked<T>(path: string, work: () => T): T {
  const lock = withRemedy(path, () => {
    closeSync(openSync(path, 'a', 0o600));
    return new Database(path, { timeout: LOCK_TIMEOUT_MS });
  });
  try {
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (cause) {
      throw new OperatorError(
        `${path} is held by another \`likeness keys\` for ${LOCK_TIMEOUT_MS / 1000} s: try again`,
        { cause },
      );
    }
    return work();
  } finally {
    lock.close();
  }
}
