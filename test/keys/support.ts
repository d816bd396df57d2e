import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { KeyFiles } from '../../src/keys/load-keys.js';
import type { KeyMaker } from '../../src/keys/manage-keys.js';
import { masterKey } from '../../src/keys/master-key.js';

/** Paths of a keys file and a master key that do not exist yet, gone at the end. */
export function keyFolder(
  atEnd: (remove: () => void) => void = onTestFinished,
): KeyFiles & { folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-keys-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, keysFile: join(folder, 'keys.json'), masterKeyFile: join(folder, 'master.key') };
}

export const NOW_MS = Date.UTC(2026, 10, 26, 7);
let next = 0;
/** A maker whose random bytes are all different and always the same. */
export const maker = (master = masterKey(Buffer.alloc(32, 7))): KeyMaker => ({
  master,
  nowMs: NOW_MS,
  random: (bytes) => Uint8Array.from({ length: bytes }, () => (next = (next * 7 + 13) % 251)),
});

export const write = (path: string, text: string): void =>
  writeFileSync(path, text, { mode: 0o600 });
export const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
export const READ_ONLY = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: 'rekognition:List*', Resource: '*' },
};
