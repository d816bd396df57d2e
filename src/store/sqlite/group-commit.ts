import { collectionMoved } from '../../errors.js';
import { collectionMissing } from '../refusals.js';
import type { Connection } from './connection.js';
import { endsBatch } from './faults.js';

/** The file a write goes to. A collection that was deleted and made again has another file. */
export interface Target {
  collectionId: string;
  file: string;
}

interface Waiting {
  target: Target;
  work: (connection: Connection) => unknown;
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
}

interface Files {
  /** Whether the file is the collection's; `moved`: it has another by now, `gone`: there is no such collection. */
  state(target: Target): 'current' | 'moved' | 'gone';
  open(file: string): Connection;
  discard(file: string): void;
  /** Runs inside each transaction, last. */
  finish(connection: Connection): void;
}

/**
 * Everything that waits for one collection becomes one transaction, and so one sync of the disk. Each
 * piece of work has a savepoint of its own: when it throws, only it is undone and rejected. Nothing is
 * answered before COMMIT; when COMMIT fails, all of the batch is rejected and none of it is written.
 */
export class GroupCommit {
  readonly #files: Files;
  #waiting: Waiting[] = [];

  constructor(files: Files) {
    this.#files = files;
  }

  run<T>(target: Target, work: (connection: Connection) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // All messages that have arrived are taken in before the next check phase, and so batched.
      if (this.#waiting.length === 0) setImmediate(() => this.flush());
      this.#waiting.push({ target, work, resolve, reject });
    });
  }

  /** Commits everything that waits. */
  flush(): void {
    const batches = new Map<string, Waiting[]>();
    for (const waiting of this.#waiting) {
      const batch = batches.get(waiting.target.file);
      if (batch) batch.push(waiting);
      else batches.set(waiting.target.file, [waiting]);
    }
    this.#waiting = [];
    for (const [file, batch] of batches) this.#commit(file, batch);
  }

  #commit(file: string, batch: readonly Waiting[]): void {
    let connection: Connection | undefined;
    try {
      if (this.#refused(batch)) return;
      connection = this.#files.open(file);
      connection.run('BEGIN IMMEDIATE');
      // Whoever moves the collection to another file holds this lock while doing so.
      if (this.#refused(batch)) {
        connection.rollback();
        return;
      }
      const answers = this.#execute(connection, batch);
      this.#files.finish(connection);
      connection.run('COMMIT');
      for (const answer of answers) answer();
    } catch (error) {
      for (const { reject } of batch) reject(error);
      this.#abandon(file, connection);
    }
  }

  /** Rejects a batch whose file is no longer its collection's. */
  #refused(batch: readonly Waiting[]): boolean {
    const target = batch[0]?.target;
    const state = target ? this.#files.state(target) : 'current';
    if (state === 'current') return false;
    const refusal = state === 'moved' ? collectionMoved : collectionMissing;
    for (const { target: each, reject } of batch) reject(refusal(each.collectionId));
    return true;
  }

  /** Runs each piece of work in its savepoint; the answers to give after COMMIT. */
  #execute(connection: Connection, batch: readonly Waiting[]): (() => void)[] {
    return batch.map(({ work, resolve, reject }) => {
      connection.run('SAVEPOINT request');
      try {
        const value = work(connection);
        connection.run('RELEASE request');
        return () => resolve(value as never);
      } catch (error) {
        if (endsBatch(error) || !connection.inTransaction) throw error;
        connection.run('ROLLBACK TO request');
        connection.run('RELEASE request');
        return () => reject(error);
      }
    });
  }

  /** After a failed transaction the file is opened anew: whatever state the connection was in is gone with it. */
  #abandon(file: string, connection: Connection | undefined): void {
    try {
      connection?.rollback();
    } catch {
      // Closing undoes the transaction as well, and the batch has its error already.
    }
    this.#files.discard(file);
  }
}
