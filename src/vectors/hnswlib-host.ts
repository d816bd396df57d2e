import { WorkerClient, workerFile } from '../worker-rpc.js';
import type { HnswlibMethods } from './hnswlib-worker.js';

export type HnswlibWorker = WorkerClient<HnswlibMethods>;

/** A batch of inserts takes milliseconds, and no more are given once this side closes. */
const CLOSE_GRACE_MS = 30_000;

/** Owns the one worker thread that holds all hnswlib graphs; starts it when first needed. */
export class HnswlibHost {
  #worker: HnswlibWorker | undefined;
  #nextGraph = 1;
  #closed = false;

  /** The running worker, started anew where the last one ended, and a number for a new graph in it. */
  newGraph(): { worker: HnswlibWorker; graph: number } {
    if (this.#closed) throw new Error('the hnswlib worker is closed');
    this.#worker ??= this.#start();
    return { worker: this.#worker, graph: this.#nextGraph++ };
  }

  /**
   * Ends the thread and with it all graphs, after the calls it was given: stopped inside a call,
   * hnswlib-node would abort the process.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.end(CLOSE_GRACE_MS);
  }

  #start(): HnswlibWorker {
    const worker: HnswlibWorker = new WorkerClient(
      workerFile(import.meta.url, './hnswlib-worker.js'),
      { name: 'hnswlib' },
      () => {
        if (this.#worker === worker) this.#worker = undefined;
      },
    );
    return worker;
  }
}
