import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';

/**
 * Brings what tests run beside the sources up to date: worker threads and child processes run the compiled
 * service and the addon, so that they run what ships. Does nothing where nothing has changed.
 */
export function setup(): void {
  const root = resolve(import.meta.dirname, '..');
  execFileSync(process.execPath, [resolve(root, 'src/setup.mjs'), 'build'], {
    cwd: root,
    stdio: 'inherit',
  });
}
