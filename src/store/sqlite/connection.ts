import Database from 'better-sqlite3';
import { OperatorError } from '../../errors.js';

/** A value SQLite can store. */
export type SqlValue = string | number | bigint | Uint8Array | null;

/** 8 KiB holds three 512-component vectors a page; 4 KiB wastes 45 % of it. */
const PAGE_SIZE_BYTES = 8192;
const WAL_PAGES_BEFORE_CHECKPOINT = 1000;
/** A WAL that a long reader made larger is cut back to this. */
const WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;
const WRITER_CACHE_KIB = 8192;
const READER_CACHE_KIB = 4096;
const WRITER_BUSY_TIMEOUT_MS = 5000;
/** Readers run on the event loop; they only ever wait for another connection's open or close. */
const READER_BUSY_TIMEOUT_MS = 1000;

/**
 * One open database with its prepared statements. Synchronous; all texts given to it are constants
 * of this program, so the statement cache is as bounded as the program.
 */
export class Connection {
  readonly path: string;
  readonly #database: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(path: string, database: Database.Database) {
    this.path = path;
    this.#database = database;
  }

  /** The first row of a query, which the caller knows the shape of. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the row's shape
  get<R>(sql: string, ...values: SqlValue[]): R | undefined {
    return this.#statement(sql).get(...values) as R | undefined;
  }

  /** All rows of a query; its LIMIT is the caller's bound. */
  all<R>(sql: string, ...values: SqlValue[]): R[] {
    return this.#statement(sql).all(...values) as R[];
  }

  /** Executes one statement; the number of rows it changed. */
  run(sql: string, ...values: SqlValue[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  /** Executes statements that are not worth caching. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  pragma(text: string): unknown {
    return this.#database.pragma(text, { simple: true });
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  get isOpen(): boolean {
    return this.#database.open;
  }

  /** Runs `work` in one transaction, so that all its reads see one state; nothing it writes stays when it throws. */
  transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
    this.run(begin);
    try {
      const result = work();
      this.run('COMMIT');
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Ends the open transaction without its writes; SQLite may have done so itself (full disk, I/O error). */
  rollback(): void {
    if (this.#database.inTransaction) this.run('ROLLBACK');
  }

  close(): void {
    this.#database.close();
    this.#statements.clear();
  }

  #statement(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/**
 * Opens an existing file for writing. Everything committed through it is on the disk when COMMIT
 * returns: better-sqlite3 is built with synchronous = NORMAL for WAL, which would not be so.
 */
export function openWriter(path: string, maxPages?: number): Connection {
  const connection = new Connection(
    path,
    new Database(path, { fileMustExist: true, timeout: WRITER_BUSY_TIMEOUT_MS }),
  );
  try {
    connection.pragma(`page_size = ${PAGE_SIZE_BYTES}`);
    const mode = connection.pragma('journal_mode = WAL');
    if (mode !== 'wal')
      throw new OperatorError(
        `${path} cannot use write-ahead logging (got ${String(mode)}): put the data directory on a local file system`,
      );
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    // What is deleted is overwritten: embeddings and crops of a face go with it.
    connection.pragma('secure_delete = ON');
    connection.pragma('cell_size_check = ON');
    connection.pragma('trusted_schema = OFF');
    connection.pragma(`cache_size = -${WRITER_CACHE_KIB}`);
    connection.pragma(`wal_autocheckpoint = ${WAL_PAGES_BEFORE_CHECKPOINT}`);
    connection.pragma(`journal_size_limit = ${WAL_SIZE_LIMIT_BYTES}`);
    if (maxPages !== undefined) connection.pragma(`max_page_count = ${maxPages}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Opens an existing file for reading only; every statement sees the newest commit. */
export function openReader(path: string): Connection {
  const connection = new Connection(
    path,
    new Database(path, { readonly: true, fileMustExist: true, timeout: READER_BUSY_TIMEOUT_MS }),
  );
  try {
    connection.pragma('query_only = ON');
    connection.pragma('cell_size_check = ON');
    connection.pragma('trusted_schema = OFF');
    connection.pragma(`cache_size = -${READER_CACHE_KIB}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
