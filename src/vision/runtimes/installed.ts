import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { RUNTIMES, type RuntimeName } from './runtime.js';

/** Where an installed package lies; undefined when it is absent. */
export function installedDirectory(packageName: string): string | undefined {
  // Not `require.resolve`: a package's `exports` may hide its package.json.
  const searched = createRequire(import.meta.url).resolve.paths(packageName) ?? [];
  return searched
    .map((directory) => join(directory, packageName))
    .find((directory) => existsSync(join(directory, 'package.json')));
}

/** The version of an installed package; undefined when it is absent. */
export function installedVersion(packageName: string): string | undefined {
  const directory = installedDirectory(packageName);
  if (directory === undefined) return undefined;
  const file = readFileSync(join(directory, 'package.json'), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

/** The packages of a runtime that are not installed. */
export const missingPackages = (name: RuntimeName): string[] =>
  RUNTIMES[name].packages.filter((packageName) => installedVersion(packageName) === undefined);

/** How the package that runs ONNX files is installed; without the setting it fetches CUDA libraries. */
export const INSTALL_ONNXRUNTIME =
  'run `ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node`';
