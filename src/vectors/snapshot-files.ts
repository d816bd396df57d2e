import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, statfsSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = /^[0-9a-f]{32}\.snapshot(\.tmp|\.broken)?$/;
const DIRECTORY_MODE = 0o700;

/** Files set aside that are kept; of each collection the last one, until its next snapshot. */
const MAX_BROKEN = 4;

/**
 * The directory of snapshots, one file a collection under a name that does not tell its id:
 *
 *     <32 hex digits>.snapshot          the last complete one
 *     <32 hex digits>.snapshot.tmp      being written
 *     <32 hex digits>.snapshot.broken   set aside because it failed a check
 */
export class SnapshotFiles {
  readonly directory: string;
  /** Names found at the start that no collection has claimed. */
  readonly #unclaimed: Set<string>;

  /** Makes the directory where it is missing; throws the system's error where it cannot be used. */
  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    this.#unclaimed = new Set(readdirSync(directory).filter((name) => FILE.test(name)));
  }

  path(collectionId: string): string {
    return join(this.directory, nameOf(collectionId));
  }

  /** Forgets what an ended process was writing, and all files of collections that are not among these. */
  async sweep(collectionIds: Iterable<string>): Promise<string[]> {
    const known = new Set([...collectionIds].map(nameOf));
    const removed = [...this.#unclaimed].filter(
      (name) => name.endsWith('.tmp') || !known.has(name.replace(/\.broken$/, '')),
    );
    this.#unclaimed.clear();
    for (const name of removed) await rm(join(this.directory, name), { force: true });
    return removed;
  }

  /** Removes everything there is of a collection. */
  async remove(collectionId: string): Promise<void> {
    const path = this.path(collectionId);
    for (const file of [path, `${path}.tmp`, `${path}.broken`]) await rm(file, { force: true });
  }

  removeBroken(collectionId: string): Promise<void> {
    return rm(`${this.path(collectionId)}.broken`, { force: true });
  }

  /** Sets a file aside, and returns its new name. */
  async setAside(collectionId: string): Promise<string> {
    const path = this.path(collectionId);
    await rename(path, `${path}.broken`);
    const broken = readdirSync(this.directory).filter((name) => name.endsWith('.broken'));
    const dated = await Promise.all(
      broken.map(async (name) => {
        const file = join(this.directory, name);
        return { file, at: (await stat(file)).ctimeMs };
      }),
    );
    for (const { file } of dated.toSorted((a, b) => b.at - a.at).slice(MAX_BROKEN))
      await rm(file, { force: true });
    return `${path}.broken`;
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }
}

const nameOf = (collectionId: string): string =>
  `${createHash('sha256').update(collectionId).digest('hex').slice(0, 32)}.snapshot`;
