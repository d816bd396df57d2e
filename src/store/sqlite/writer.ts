import { ApiError, OperatorError } from '../../errors.js';
import { WorkerClient, workerFile } from '../../worker-rpc.js';
import type { Faults, Log } from './faults.js';
import type { StartReport, WriterOptions } from './writer-core.js';
import type { WriterMethods } from './writer-thread.js';

type Argument<K extends keyof WriterMethods> = Parameters<WriterMethods[K]>[0];
type Result<K extends keyof WriterMethods> = Awaited<ReturnType<WriterMethods[K]>>;

/** The main thread's end of the writer thread: counts what waits, and explains what fails. */
export class Writer {
  readonly #client: WorkerClient<WriterMethods>;
  readonly #faults: Faults;
  #closing = false;

  constructor(faults: Faults, log: Log) {
    this.#faults = faults;
    this.#client = new WorkerClient<WriterMethods>(
      workerFile(import.meta.url, './writer-thread.js'),
      {},
      (error) => {
        if (!this.#closing)
          log('the thread that writes the store ended: restart the service', {
            error: error?.stack ?? 'no error',
          });
      },
    );
  }

  open(options: WriterOptions): Promise<StartReport> {
    return this.#client.call('open', options);
  }

  /** `where` is what the write goes to, for the message when it fails. */
  async call<K extends keyof WriterMethods>(
    method: K,
    argument: Argument<K>,
    where: { path: string; collectionId?: string },
  ): Promise<Result<K>> {
    try {
      const result = await this.#client.call(method, argument as never);
      this.#faults.recovered();
      return result as Result<K>;
    } catch (error) {
      if (error instanceof ApiError || error instanceof OperatorError) throw error;
      throw this.#faults.explain(error, where);
    }
  }

  /** Commits what was accepted and ends the thread. */
  async close(): Promise<void> {
    this.#closing = true;
    try {
      await this.#client.call('close', undefined);
    } finally {
      await this.#client.terminate();
    }
  }

  /** Ends the thread without further ado. */
  async terminate(): Promise<void> {
    this.#closing = true;
    await this.#client.terminate();
  }
}
