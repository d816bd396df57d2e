import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, openWriter } from './connection.js';
import type { DataDirectory } from './directory.js';
import { cutLog, READERS_MS } from './erasing.js';
import { eraseFurther } from './further.js';
import { formerSpaces, removeFile, spaceOf } from './moves.js';

/** Between two pages that are erased, for the service's writes to come in. */
const PAUSE_MS = 2;

/** Removes what a collection was before its moves; how many such spaces there were. */
export async function forgetFormer(
  directory: DataDirectory,
  collectionId: string,
): Promise<number> {
  const catalog = openWriter(directory.catalog);
  try {
    const former = formerSpaces(catalog, collectionId);
    catalog.run('DELETE FROM former_spaces WHERE collection_id = ?', collectionId);
    for (const each of former) removeFile(directory, each.file);
    // Also where nothing is left to forget: a command that was killed here may have left them.
    await forgetFurther(directory, catalog, collectionId);
    return former.length;
  } finally {
    catalog.close();
  }
}

/** Erases the further embeddings of no use in a collection's file, beside the service. */
export async function forgetFurther(
  { collections }: DataDirectory,
  catalog: Connection,
  collectionId: string,
): Promise<void> {
  const connection = openWriter(join(collections, spaceOf(catalog, collectionId).file));
  try {
    let erased = 0;
    for (const rows of eraseFurther(connection, catalog, collectionId)) {
      erased += rows;
      await sleep(PAUSE_MS);
    }
    if (erased > 0) cutLog(connection, READERS_MS);
  } finally {
    connection.close();
  }
}
