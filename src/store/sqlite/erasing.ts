import type { Connection } from './connection.js';

/** Deletions within this time are erased together; each costs a sync of the file. */
const DELAY_MS = 1000;
/** Tried again after this where somebody is reading. */
const RETRY_MS = 1000;

/**
 * Sees to it that what was deleted is on the disk no more. The database overwrites it (secure_delete), but copies of its
 * pages stay in the write-ahead log beside until that is written over, which a quiet collection never comes to: so the
 * log is moved into the database and cut off soon after every deletion.
 */
export class Erasing {
  readonly #open: (file: string) => Connection;
  readonly #first: (file: string) => boolean;
  readonly #waiting = new Map<string, NodeJS.Timeout>();

  /**
   * @param open the writing connection of a file; throws where the file is gone.
   * @param first erases what has to go from elsewhere before the log of the file, which tells the next start of it, is cut;
   * false: to be tried again.
   */
  constructor(open: (file: string) => Connection, first: (file: string) => boolean) {
    this.#open = open;
    this.#first = first;
  }

  /** Something was deleted in a file. */
  after(file: string, delayMs = DELAY_MS): void {
    if (this.#waiting.has(file)) return;
    this.#waiting.set(
      file,
      setTimeout(() => this.#erase(file), delayMs),
    );
  }

  /** Erases what waits; closing the files cuts their logs. */
  close(): void {
    const files = [...this.#waiting.keys()];
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    for (const file of files) this.#first(file);
  }

  #erase(file: string): void {
    this.#waiting.delete(file);
    try {
      if (!this.#first(file) || !cutLog(this.#open(file))) this.after(file, RETRY_MS);
    } catch {
      // The file is gone, or cannot be written just now: the next write to it says so, and the next start comes back to it.
    }
  }
}

/** How long a command waits to cut the log of a file that others read. */
export const READERS_MS = 5000;

/**
 * Moves the write-ahead log into the database and cuts it off; false where somebody reads what is in it for longer than
 * `patienceMs`.
 */
export function cutLog(connection: Connection, patienceMs = 0): boolean {
  const usual = Number(connection.pragma('busy_timeout'));
  connection.pragma(`busy_timeout = ${patienceMs}`);
  try {
    return connection.pragma('wal_checkpoint(TRUNCATE)') === 0;
  } finally {
    connection.pragma(`busy_timeout = ${usual}`);
  }
}
