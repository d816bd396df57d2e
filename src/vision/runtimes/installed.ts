import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { RUNTIME_NAMES, RUNTIMES, type RuntimeName } from './runtime.js';

/** The version of an installed package; undefined when it is absent. */
export function installedVersion(packageName: string): string | undefined {
  // Not `require.resolve`: a package's `exports` may hide its package.json.
  for (const directory of createRequire(import.meta.url).resolve.paths(packageName) ?? []) {
    const file = join(directory, packageName, 'package.json');
    if (existsSync(file))
      return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  }
  return undefined;
}

/** The packages of a runtime that are not installed. */
export const missingPackages = (name: RuntimeName): string[] =>
  RUNTIMES[name].packages.filter((packageName) => installedVersion(packageName) === undefined);

/** The runtimes whose packages are all there; whether they work is another question. */
export const installedRuntimes = (): RuntimeName[] =>
  RUNTIME_NAMES.filter((name) => missingPackages(name).length === 0);
