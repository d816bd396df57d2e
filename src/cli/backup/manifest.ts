import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../errors.js';
import { sha256Of } from '../files.js';

/** The list of a backup's files. Written last: a folder without it is no finished backup. */
export interface Manifest {
  readonly format: 1;
  readonly createdAt: string;
  readonly files: readonly ManifestFile[];
}

export interface ManifestFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export const MANIFEST = 'backup.json';
/** Neither absolute nor out of the folder. */
const SAFE_PATH = /^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))[^\0]+$/;

export async function describeFile(folder: string, path: string): Promise<ManifestFile> {
  const file = join(folder, path);
  const sha256 = await sha256Of(file);
  const { size } = await stat(file);
  return { path, bytes: size, sha256 };
}

/** Reads and checks the list of a backup; OperatorError for a folder that is no finished backup. */
export async function readManifest(folder: string): Promise<Manifest> {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Manifest;
  } catch (cause) {
    throw new OperatorError(
      `${folder} is no finished backup: ${MANIFEST} cannot be read (${(cause as Error).message})`,
      { cause },
    );
  }
  const { format, files } = manifest;
  if (format !== 1 || !Array.isArray(files))
    throw new OperatorError(
      `${folder}/${MANIFEST} has format ${String(format)}, this program reads format 1: use the version that wrote it`,
    );
  for (const { path } of files)
    if (!SAFE_PATH.test(path))
      throw new OperatorError(`${folder}/${MANIFEST} names a file outside of the backup: ${path}`);
  return manifest;
}

/** Throws for the first file that is not what the list says. */
export async function verifyFiles(folder: string, files: readonly ManifestFile[]): Promise<void> {
  for (const expected of files) {
    const actual = await describeFile(folder, expected.path).catch((cause: unknown) => {
      throw new OperatorError(`${folder}: ${expected.path} cannot be read`, { cause });
    });
    if (actual.bytes !== expected.bytes || actual.sha256 !== expected.sha256)
      throw new OperatorError(
        `${folder}: ${expected.path} is damaged (${actual.bytes} bytes with checksum ${actual.sha256.slice(0, 12)}…, expected ${expected.bytes} with ${expected.sha256.slice(0, 12)}…): use another backup`,
      );
  }
}
