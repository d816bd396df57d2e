/** Tells an operator something. */
export type Log = (message: string, details: object) => void;

interface Fault {
  /** Faults of one key are told once, until writing works again. */
  key: string;
  message: string;
}

/** Turns what SQLite reports into what an operator can act on: one log line a fault, and a clear error. */
export class Faults {
  readonly #log: Log;
  readonly #directory: string;
  readonly #told = new Set<string>();

  constructor(log: Log, directory: string) {
    this.#log = log;
    this.#directory = directory;
  }

  /** The error to fail an operation with; anything that is not a database fault comes back as it is. */
  explain(error: unknown, where: { path: string; collectionId?: string }): unknown {
    const code = faultCode(error);
    if (code === undefined) return error;
    const fault = this.#classify(code, where);
    if (!fault) return error;
    if (!this.#told.has(fault.key)) {
      this.#told.add(fault.key);
      this.#log(fault.message, { code, ...where });
    }
    return new Error(fault.message, { cause: error });
  }

  /** A write went through: a full disk is worth telling again when it comes back. */
  recovered(): void {
    this.#told.delete(DISK_FULL);
  }

  /** A collection is gone, and its faults with it. */
  forget(path: string): void {
    this.#told.delete(path);
  }

  #classify(code: string, where: { path: string; collectionId?: string }): Fault | undefined {
    const what =
      where.collectionId === undefined
        ? `the file ${where.path}`
        : `the file ${where.path} of collection ${where.collectionId}`;
    if (isDiskFull(code))
      return {
        key: DISK_FULL,
        message: `the disk that holds ${this.#directory} is full: free some space there; nothing is half-written and writing goes on by itself`,
      };
    if (isDamaged(code))
      return {
        key: where.path,
        message: `${what} is damaged (${code}): restore it from a backup${where.collectionId === undefined ? '' : ' or delete the collection; other collections are not affected'}`,
      };
    if (/^SQLITE_(CANTOPEN|IOERR|PERM|READONLY|AUTH|BUSY|LOCKED)/.test(code))
      return {
        key: where.path,
        message: `${what} cannot be used (${code}): check that it exists, that this user may write it, and its disk`,
      };
    return undefined;
  }
}

const DISK_FULL = 'disk full';

/** The code of an error of SQLite, or of the file system being full. */
const faultCode = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && (code.startsWith('SQLITE_') || isDiskFull(code))
    ? code
    : undefined;
};

const isDiskFull = (code: string): boolean =>
  ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC', 'EDQUOT'].includes(code);

const isDamaged = (code: string): boolean => /^SQLITE_(CORRUPT|NOTADB)/.test(code);

/** True for what leaves a connection or its transaction in doubt: the whole batch fails and the file is opened anew. */
export const endsBatch = (error: unknown): boolean => {
  const code = faultCode(error);
  return code !== undefined && !/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE|ERROR)/.test(code);
};
