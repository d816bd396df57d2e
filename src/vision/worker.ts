import { workerData } from 'node:worker_threads';
import { serveWorker, Transfer } from '../worker-rpc.js';
import { Pipeline } from './pipeline.js';
import type { RuntimeName } from './runtimes/runtime.js';
import { type RefusedRuntime, selectRuntime } from './runtimes/select.js';
import type { AnalyseRequest, ImageAnalysis } from './vision.js';

/** What a worker is started with. */
export interface WorkerSettings {
  runtime: string;
  maxPixels: number;
}

/** What a worker tells when it is ready. */
export interface WorkerReady {
  runtime: RuntimeName;
  refused: RefusedRuntime[];
}

const settings = workerData as WorkerSettings;
let pipeline: Pipeline | undefined;
let tensors = (): number => 0;

const methods = {
  /** Starts the runtime, loads and warms the nets. Called once, first. */
  async start(): Promise<WorkerReady> {
    const { runtime, refused } = await selectRuntime(settings.runtime);
    pipeline = await Pipeline.create(runtime, settings.maxPixels);
    tensors = () => runtime.tensors();
    return { runtime: runtime.name, refused };
  },

  async analyse({
    image,
    request,
  }: {
    image: Uint8Array;
    request: AnalyseRequest;
  }): Promise<Transfer<ImageAnalysis>> {
    if (!pipeline) throw new Error('analyse before start');
    const analysis = await pipeline.analyse(image, request);
    const buffers = analysis.faces.flatMap(({ embedding }) =>
      embedding ? [embedding.buffer as ArrayBuffer] : [],
    );
    return new Transfer(analysis, buffers);
  },

  /** How many tensors are alive: for leak tests. */
  tensors: (): number => tensors(),
};

/** The methods of a vision worker. */
export type VisionWorker = typeof methods;

serveWorker(methods);
