import { WorkerClient, workerFile } from '../worker-rpc.js';
import type { AnalyseRequest, ImageAnalysis } from './vision.js';
import type { VisionWorker, WorkerReady, WorkerSettings } from './worker.js';

/** One vision worker thread as the pool sees it. */
export class VisionThread {
  readonly #client: WorkerClient<VisionWorker>;
  #dead = false;
  #analysing = false;

  /** `onExit` is told when the thread has ended, for whatever reason. */
  constructor(settings: WorkerSettings, onExit: (error: Error | undefined) => void) {
    this.#client = new WorkerClient<VisionWorker>(
      workerFile(import.meta.url, import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'),
      { workerData: settings, name: 'vision' },
      (error) => {
        this.#dead = true;
        onExit(error);
      },
    );
  }

  /** True from the moment the thread has ended. */
  get dead(): boolean {
    return this.#dead;
  }

  get busy(): boolean {
    return this.#analysing;
  }

  /** Resolves when the thread can analyse; a thread that cannot start is ended. */
  async start(): Promise<WorkerReady> {
    try {
      return await this.#client.call('start', undefined);
    } catch (error) {
      await this.terminate();
      throw error;
    }
  }

  /** One image at a time. The bytes are copied: they may be a window into a larger buffer of the caller. */
  async analyse(image: Uint8Array, request: AnalyseRequest): Promise<ImageAnalysis> {
    this.#analysing = true;
    try {
      const copy = new Uint8Array(image);
      return await this.#client.call('analyse', { image: copy, request }, [copy.buffer]);
    } finally {
      this.#analysing = false;
    }
  }

  /** Ends the thread at once. */
  async terminate(): Promise<void> {
    await this.#client.terminate();
  }
}
