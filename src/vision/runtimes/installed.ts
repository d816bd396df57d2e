import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { RUNTIMES, type RuntimeName } from './runtime.js';

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

/** How the package that runs ONNX files is installed; without the setting it fetches CUDA libraries. */
export const INSTALL_ONNXRUNTIME =
  'run `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`';
