import { existsSync } from 'node:fs';
import { open, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OperatorError } from '../../errors.js';
import { sha256Of } from '../files.js';

const MODE = 0o600;

/** Where a partial file came from, so that a rest of other bytes is not put behind it. */
export interface Origin {
  url: string;
  /** The reply's strong ETag, or its date of change; undefined: it had neither. */
  validator?: string | undefined;
}

/** A file on its way: named by the checksum it is to have, so that any source of these bytes may go on with it. */
export class Partial {
  readonly #folder: string;
  readonly #path: string;
  readonly #origin: string;
  /** Where the whole file lies in the end. */
  readonly whole: string;

  constructor(folder: string, sha256: string) {
    this.#folder = folder;
    this.whole = join(folder, sha256);
    this.#path = `${this.whole}.part`;
    this.#origin = `${this.whole}.origin`;
  }

  /** Bytes that are there. */
  async size(): Promise<number> {
    return (await stat(this.#path).catch(() => undefined))?.size ?? 0;
  }

  /** Undefined where nobody noted it. */
  async origin(): Promise<Origin | undefined> {
    try {
      return JSON.parse(await readFile(this.#origin, 'utf8')) as Origin;
    } catch {
      return undefined;
    }
  }

  /** Takes the bytes of a source from `start` on. Whatever lay behind that is gone. */
  async write(start: number, origin: Origin, chunks: AsyncIterable<Buffer>): Promise<void> {
    const file = await this.#onDisk(async () => {
      await writeFile(this.#origin, JSON.stringify(origin), { mode: MODE });
      return open(this.#path, start === 0 ? 'w' : 'a', MODE);
    });
    try {
      for await (const chunk of chunks) await this.#onDisk(() => file.appendFile(chunk));
      await this.#onDisk(() => file.sync());
    } finally {
      await file.close();
    }
  }

  /** Lower-case hex of all that is there. */
  sha256(): Promise<string> {
    return sha256Of(this.#path);
  }

  /** Whether the whole file is there already. */
  async isWhole(): Promise<boolean> {
    if (!existsSync(this.whole)) return false;
    if ((await sha256Of(this.whole)) === basename(this.whole)) return true;
    await rm(this.whole);
    return false;
  }

  async finish(): Promise<void> {
    await rename(this.#path, this.whole);
    await rm(this.#origin, { force: true });
  }

  async forget(): Promise<void> {
    for (const path of [this.#path, this.#origin]) await rm(path, { force: true });
  }

  /** @throws OperatorError where the disk cannot take so many bytes more. */
  async requireSpace(bytes: number): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < bytes)
      throw new OperatorError(
        `the disk that holds ${this.#folder} has ${bavail * bsize} bytes free, and ${bytes} are needed: free some space there`,
      );
  }

  /** A fault of the disk is the operator's to repair: trying again would not help. */
  async #onDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const reason = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : message;
      throw new OperatorError(
        `${this.#path} cannot be written: ${reason}; what is there is kept, the same command goes on`,
        { cause },
      );
    }
  }
}
