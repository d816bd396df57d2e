import {
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { OperatorError } from '../errors.js';

const MODE = 0o600;
/** Permissions that others than the owner and a trusted group would have. */
const TOO_OPEN = 0o027;

/** Reads a file that only its owner may change. OperatorError names the setting, the path and the remedy. */
export function readPrivateFile(setting: string, path: string, maxBytes: number): string {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const { mode, size } = fstatSync(descriptor);
      if (mode & TOO_OPEN)
        throw new OperatorError(
          `${setting}: ${path} has mode ${(mode & 0o777).toString(8)}, so others may read or change it: chmod 600 ${path}`,
        );
      if (size > maxBytes)
        throw new OperatorError(
          `${setting}: ${path} has ${size} bytes, at most ${maxBytes} are read`,
        );
      return readFileSync(descriptor, 'utf8');
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (cause instanceof OperatorError) throw cause;
    throw new OperatorError(`${setting}: cannot read ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Writes a file that must not exist yet. */
export function createPrivateFile(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', MODE);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  syncFolder(path);
}

/**
 * Puts a new text in the place of a file at once: readers see the old or the new one, also after a power
 * failure. The owner stays, so that a service which runs as another user can go on reading it.
 */
export function replacePrivateFile(path: string, text: string): void {
  const old = statSync(path, { throwIfNoEntry: false });
  // A link stays a link; what it points at is replaced.
  const target = old ? realpathSync(path) : path;
  const draft = `${target}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const descriptor = openSync(draft, 'wx', MODE);
  try {
    if (old && (old.uid !== process.getuid?.() || old.gid !== process.getgid?.()))
      fchownSync(descriptor, old.uid, old.gid);
    writeSync(descriptor, text);
    fsyncSync(descriptor);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  syncFolder(target);
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
