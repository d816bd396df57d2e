import { MessageChannel } from 'node:worker_threads';
import { serveProcess } from '../process-rpc.js';
import { WorkerClient, workerFile } from '../worker-rpc.js';
import type { Lane, LaneSettings } from './lane.js';
import { loadEmbedder, type ModelPlace } from './models.js';
import { type LoadedNets, loadNets, timeNets } from './nets.js';
import type * as PipelineModule from './pipeline.js';
import { batchingNet } from './runtimes/batching.js';
import type { Parity } from './runtimes/parity.js';
import {
  type Nets,
  RUNTIMES,
  type Runtime,
  type RuntimeName,
  type RuntimeTraits,
} from './runtimes/runtime.js';
import { serveNets } from './runtimes/shared-nets.js';
import { startRuntime } from './runtimes/start.js';
import type { AnalyseRequest, ImageAnalysis } from './vision.js';

/** What a worker is started with. */
export interface WorkerSettings {
  runtime: RuntimeName;
  /** What to embed with, the default first. */
  embedders: readonly ModelPlace[];
  maxPixels: number;
  /** Where converted models are kept; undefined: nowhere. */
  cacheDirectory: string | undefined;
  /** Threads around the nets of a GPU; 0: this process does everything itself. */
  lanes: number;
}

/** What a worker tells when it is ready. */
export interface WorkerReady {
  /** What it computes on, for people. */
  device: string;
}

/** What is known of a worker's runtime once all of it has been tried. */
export interface WorkerExamination {
  parity: Parity;
  /** Milliseconds that the nets of one face take. */
  msPerFace: number;
}

/** One photo, as it is given to a worker or a lane. */
export interface AnalyseCall {
  image: Uint8Array;
  request: AnalyseRequest;
}

/** An analysis and what it left behind. */
export interface AnalyseReply {
  analysis: ImageAnalysis;
  /** Memory of the process in bytes. */
  rss: number;
}

type Analyse = (call: AnalyseCall) => Promise<ImageAnalysis>;

interface Running {
  settings: WorkerSettings;
  runtime: Runtime;
  loaded: LoadedNets;
  analyse: Analyse;
}

let running: Running | undefined;

function started(): Running {
  if (!running) throw new Error('the worker was called before it was started');
  return running;
}

const methods = {
  /** Starts the runtime; loads, checks and warms the nets that every photo needs. Called once, first. */
  async start(settings: WorkerSettings) {
    const { embedders, maxPixels, cacheDirectory, lanes } = settings;
    const runtime = await startRuntime(settings.runtime, cacheDirectory);
    // Decoding is loaded second: meanwhile other threads read the nets' files and bring the runtime's memory.
    const [loaded, { Pipeline }] = await Promise.all([
      loadNets(runtime, embedders),
      loadPipeline(),
    ]);
    const { nets } = loaded;
    const cards = await Promise.all(embedders.map(loadEmbedder));
    const analyse =
      lanes > 0
        ? openLanes(batched(nets, runtime), { lanes, maxPixels, embedders: cards })
        : ofPipeline(await Pipeline.create(nets, maxPixels, cards));
    running = { settings, runtime, loaded, analyse };
    // Nothing that was asked of a lost device is ever answered: the pool gives it to another worker.
    void runtime.lost.then((reason) => {
      process.stderr.write(reason);
      process.exit(1);
    });
    return { device: runtime.device } satisfies WorkerReady;
  },

  async analyse(call: AnalyseCall): Promise<AnalyseReply> {
    const analysis = await started().analyse(call);
    return { analysis, rss: process.memoryUsage.rss() };
  },

  /** Holds every net to its numbers, those that wait to be asked for too, and times those of each photo. */
  async examine(): Promise<WorkerExamination> {
    const { runtime, loaded, settings } = started();
    const parity = await loaded.complete();
    return { parity, msPerFace: await timeNets(runtime, loaded.nets, settings.embedders) };
  },

  /** How many tensors are alive: for leak tests. */
  tensors: (): number => started().runtime.tensors(),
};

/** The methods of a vision worker. */
export type VisionWorker = typeof methods;

/** The code of the pipeline with that of decoding, which takes as long to load as all the rest of this process. */
async function loadPipeline(): Promise<typeof PipelineModule> {
  const { prepareDecoding } = await import('./decode.js');
  prepareDecoding();
  return import('./pipeline.js');
}

const ofPipeline =
  (pipeline: PipelineModule.Pipeline): Analyse =>
  ({ image, request }) =>
    pipeline.analyse(image, request);

/** Nets that gather the images of all lanes. */
function batched(nets: Nets, { name }: Runtime): Nets {
  const { keepsBySize = false }: RuntimeTraits = RUNTIMES[name];
  return new Map([...nets].map(([model, net]) => [model, batchingNet(net, keepsBySize)]));
}

/**
 * Threads that decode, cut out and judge, while this thread feeds the GPU with what they gather. Photos go to
 * the freest; a lane that dies takes the process with it, and the pool repeats its photos elsewhere.
 */
function openLanes(
  nets: Nets,
  { lanes, ...pipeline }: Pick<LaneSettings, 'maxPixels' | 'embedders'> & { lanes: number },
): Analyse {
  const maxBatches = Object.fromEntries([...nets].map(([name, net]) => [name, net.maxBatch]));
  const clients = Array.from({ length: lanes }, () => {
    const { port1, port2 } = new MessageChannel();
    serveNets(port1, nets);
    const settings: LaneSettings = { ...pipeline, maxBatches, port: port2 };
    return new WorkerClient<Lane>(
      workerFile(import.meta.url, './lane.js'),
      { workerData: settings, transferList: [port2], name: 'lane' },
      (error) => {
        process.stderr.write(`a lane died: ${error?.message ?? 'it ended without an error'}`);
        process.exit(1);
      },
    );
  });
  return ({ image, request }) => {
    const [first, ...others] = clients;
    const freest = others.reduce((a, b) => (b.openCalls < a.openCalls ? b : a), first!);
    return freest.call('analyse', { image, request });
  };
}

serveProcess(methods);
