import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** Compiles src/ once before any test: workers and child processes run what ships, not the sources. */
export function setup(): void {
  const root = resolve(import.meta.dirname, '..');
  const tsc = resolve(
    createRequire(import.meta.url).resolve('typescript/package.json'),
    '../bin/tsc',
  );
  execFileSync(process.execPath, [tsc, '-p', root], { cwd: root, stdio: 'inherit' });
}
