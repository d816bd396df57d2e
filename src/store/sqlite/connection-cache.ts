import type { Connection } from './connection.js';

/** Open connections by file name, at most `limit`; the one longest unused is closed to make room. */
export class ConnectionCache {
  /** In order of use, the latest last. */
  readonly #open = new Map<string, Connection>();
  readonly #limit: number;
  readonly #openFile: (file: string) => Connection;

  constructor(limit: number, openFile: (file: string) => Connection) {
    this.#limit = Math.max(1, limit);
    this.#openFile = openFile;
  }

  /** The connection to a file, opened where it is not. It is the caller's until it returns to the event loop. */
  get(file: string): Connection {
    const connection = this.#open.get(file) ?? this.#openFile(file);
    this.#open.delete(file);
    this.#open.set(file, connection);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= this.#limit) break;
      this.discard(oldest);
    }
    return connection;
  }

  /** The connection if it is open; does not count as a use. */
  peek(file: string): Connection | undefined {
    return this.#open.get(file);
  }

  /** Puts in a connection that is open already. */
  add(file: string, connection: Connection): void {
    this.discard(file);
    this.#open.set(file, connection);
    this.get(file);
  }

  discard(file: string): void {
    const connection = this.#open.get(file);
    this.#open.delete(file);
    connection?.close();
  }

  close(): void {
    for (const file of this.#open.keys()) this.discard(file);
  }
}
