import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readManifest, verifyFiles } from '../backup/manifest.js';
import { sync } from '../files.js';
import { readOptions, requireAbsent, summary } from './backup.js';

/** Puts a backup back as a data directory; one that exists is never touched. */
export async function restore(args: readonly string[]): Promise<void> {
  const { source: target, folder } = readOptions(args);
  await requireAbsent(
    target,
    'restore never overwrites: move it away, or restore to another --data directory',
  );
  const { files, createdAt } = await readManifest(folder);
  await verifyFiles(folder, files);
  const partial = `${target}.partial-${process.pid}`;
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    const { checkDatabaseFile } = await import('../backup/copy-data.js');
    for (const { path } of files) {
      const to = join(partial, path);
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await copyFile(join(folder, path), to);
      await chmod(to, 0o600);
      if (path.endsWith('.db')) checkDatabaseFile(to);
      await sync(to);
      await sync(dirname(to));
    }
    await verifyFiles(partial, files);
    await sync(partial);
    await requireAbsent(target, 'it came into being meanwhile');
    await rename(partial, target);
    await sync(dirname(target));
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
  process.stdout.write(
    `${summary(files, target)}\nThe state of ${createdAt}. Start it with: LIKENESS_DATA=${target} likeness serve\n`,
  );
}
