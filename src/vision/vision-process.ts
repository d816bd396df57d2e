import { ProcessClient, type ProcessEnded } from '../process-rpc.js';
import { workerFile } from '../worker-rpc.js';
import type {
  AnalyseCall,
  AnalyseReply,
  VisionWorker,
  WorkerExamination,
  WorkerReady,
  WorkerSettings,
} from './worker.js';

/**
 * Photos a lane works at in turns while the GPU has its others. On an H100 with 16 lanes eight bring 1.25 times as many faces
 * a second as three from 64 clients and 1.45 times as many from 128, since batches are larger; sixteen bring no more.
 */
const PHOTOS_A_LANE = 8;

/** Photos and weights in huge pages where malloc can have them (see `preferHugePages`), unless an operator says otherwise. */
const TUNABLES = ['glibc.malloc.hugetlb=1', process.env['GLIBC_TUNABLES']]
  .filter(Boolean)
  .join(':');

/** One worker process as the pool sees it. */
export class VisionProcess {
  readonly #client: ProcessClient<VisionWorker>;
  readonly #settings: WorkerSettings;
  /** How many photos it takes at once. */
  readonly capacity: number;
  #ended: ProcessEnded | undefined;

  /** `onExit` is told when the process has ended, for whatever reason. */
  constructor(settings: WorkerSettings, onExit: (error: ProcessEnded) => void) {
    this.#settings = settings;
    this.capacity = settings.lanes > 0 ? settings.lanes * PHOTOS_A_LANE : 1;
    this.#client = new ProcessClient<VisionWorker>(
      workerFile(import.meta.url, import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'),
      {
        // Decoding happens on libuv's threads, four unless told otherwise.
        UV_THREADPOOL_SIZE: String(Math.max(4, settings.lanes)),
        GLIBC_TUNABLES: TUNABLES,
      },
      (error) => {
        this.#ended = error;
        onExit(error);
      },
    );
  }

  /** Why the process is gone; undefined while it lives. */
  get ended(): ProcessEnded | undefined {
    return this.#ended;
  }

  get pid(): number | undefined {
    return this.#client.pid;
  }

  /** Resolves when it can analyse; a process that cannot start is ended. */
  async start(): Promise<WorkerReady> {
    try {
      return await this.#client.call('start', this.#settings);
    } catch (error) {
      await this.terminate();
      throw error;
    }
  }

  async analyse(call: AnalyseCall): Promise<AnalyseReply> {
    const { analysis, rss } = await this.#client.call('analyse', call);
    // What comes from another process are windows into the whole message: copies let go of it.
    const faces = analysis.faces.map((face) => ({
      ...face,
      ...(face.embedding && { embedding: face.embedding.slice() }),
      ...(face.further && { further: face.further.map((each) => each.slice()) }),
    }));
    return { analysis: { ...analysis, faces }, rss };
  }

  /** Holds every net to its numbers and times those of each photo. */
  examine(): Promise<WorkerExamination> {
    return this.#client.call('examine', undefined);
  }

  /** Ends the process at once. */
  async terminate(): Promise<void> {
    await this.#client.terminate();
  }
}
