import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';
import { describeFile, MANIFEST, type Manifest } from '../backup/manifest.js';
import { sync } from '../files.js';

/** Copies the data directory into a new folder, while the service runs. */
export async function backup(args: readonly string[]): Promise<void> {
  const { source, folder } = readOptions(args);
  await requireAbsent(folder, 'a backup never overwrites: name a new folder');
  const info = await stat(source).catch(() => undefined);
  if (!info?.isDirectory())
    throw new OperatorError(`${source} is not a data directory: set --data or LIKENESS_DATA`);

  // Under another name until all is there and checked, so that the folder is a backup or not there.
  const partial = `${folder}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    const { copyData } = await import('../backup/copy-data.js');
    const paths = await copyData(source, partial);
    const files = [];
    for (const path of paths) {
      await sync(join(partial, path));
      files.push(await describeFile(partial, path));
    }
    const manifest: Manifest = { format: 1, createdAt: new Date().toISOString(), files };
    await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, {
      mode: 0o600,
    });
    await sync(join(partial, MANIFEST));
    await sync(partial);
    await requireAbsent(folder, 'it came into being meanwhile');
    await rename(partial, folder);
    await sync(dirname(folder));
    process.stdout.write(
      `${summary(files, folder)}\nPut it back with: likeness restore ${folder}\n`,
    );
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

/** The folder of the backup and the data directory, from the command line and the environment. */
export function readOptions(args: readonly string[]): { source: string; folder: string } {
  const { values, positionals } = parse(args);
  const [folder, ...rest] = positionals;
  if (folder === undefined || rest.length > 0)
    throw new OperatorError('name one folder, as in: likeness backup /backups/today');
  const source = values.data ?? (process.env['LIKENESS_DATA'] || './likeness-data');
  return { source: resolve(source), folder: resolve(folder) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { data: { type: 'string' } },
    });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

export async function requireAbsent(path: string, why: string): Promise<void> {
  if (await stat(path).catch(() => undefined)) throw new OperatorError(`${path} exists: ${why}`);
}

export const summary = (files: readonly { bytes: number }[], folder: string): string =>
  `${files.length} files, ${(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1)} MB, checked: ${folder}`;
