import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const CHILD = resolve(import.meta.dirname, 'move-child.mjs');

/** Runs the mover; resolves when it has ended, to what it said. */
export function startMover(
  directory: string,
  collectionId: string,
  ...rest: [given: 'given' | 'nothing' | 'most', ...switches: string[]]
): {
  lines: () => string[];
  isAlive: () => boolean;
  kill: () => void;
  ended: Promise<{ code: number; stderr: string }>;
} {
  const child = spawn(process.execPath, [CHILD, directory, collectionId, ...rest]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return {
    lines: () => stdout.split('\n'),
    isAlive: () => child.exitCode === null,
    kill: () => child.kill('SIGKILL'),
    ended: new Promise((done) => {
      child.once('close', (code) => done({ code: code ?? -1, stderr }));
    }),
  };
}
