import { MessageChannel } from 'node:worker_threads';
import { serveProcess } from '../process-rpc.js';
import { WorkerClient, workerFile } from '../worker-rpc.js';
import { prepareDecoding } from './decode.js';
import type { Lane, LaneSettings } from './lane.js';
import { loadPlaced, type ModelPlace } from './models.js';
import { loadNets, timeNets } from './nets.js';
import { Pipeline } from './pipeline.js';
import { batchingNet } from './runtimes/batching.js';
import type { Parity } from './runtimes/parity.js';
import type { Nets, Runtime, RuntimeName } from './runtimes/runtime.js';
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
  parity: Parity;
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
  nets: Nets;
  analyse: Analyse;
}

let running: Running | undefined;

function started(): Running {
  if (!running) throw new Error('the worker was called before it was started');
  return running;
}

const methods = {
  /** Starts the runtime, loads, checks and warms the nets. Called once, first. */
  async start(settings: WorkerSettings) {
    const { embedders, maxPixels, cacheDirectory, lanes } = settings;
    const runtime = await startRuntime(settings.runtime, cacheDirectory);
    const { nets, parity } = await loadNets(runtime, embedders);
    const placed = await Promise.all(embedders.map((place) => loadPlaced(place, 'embedder')));
    const pipeline = { maxPixels, embedders: placed.map(({ card }) => card) };
    const analyse =
      lanes > 0 ? openLanes(nets, { lanes, ...pipeline }) : await ownPipeline(nets, pipeline);
    running = { settings, runtime, nets, analyse };
    // Nothing that was asked of a lost device is ever answered: the pool gives it to another worker.
    void runtime.lost.then((reason) => {
      process.stderr.write(reason);
      process.exit(1);
    });
    return { device: runtime.device, parity } satisfies WorkerReady;
  },

  async analyse(call: AnalyseCall): Promise<AnalyseReply> {
    const analysis = await started().analyse(call);
    return { analysis, rss: process.memoryUsage.rss() };
  },

  /** Milliseconds that the nets of one face take. */
  time(): Promise<number> {
    const { runtime, nets, settings } = started();
    return timeNets(runtime, nets, settings.embedders);
  },

  /** How many tensors are alive: for leak tests. */
  tensors: (): number => started().runtime.tensors(),
};

/** The methods of a vision worker. */
export type VisionWorker = typeof methods;

type PipelineSettings = Pick<LaneSettings, 'maxPixels' | 'embedders'>;

async function ownPipeline(
  nets: Nets,
  { maxPixels, embedders }: PipelineSettings,
): Promise<Analyse> {
  const pipeline = await Pipeline.create(nets, maxPixels, embedders);
  return ({ image, request }) => pipeline.analyse(image, request);
}

/**
 * Threads that decode, cut out and judge, while this thread feeds the GPU with what they gather. Photos go to
 * the freest; a lane that dies takes the process with it, and the pool repeats its photos elsewhere.
 */
function openLanes(
  nets: Nets,
  { lanes, ...pipeline }: PipelineSettings & { lanes: number },
): Analyse {
  const batching = new Map([...nets].map(([name, net]) => [name, batchingNet(net)]));
  const maxBatches = Object.fromEntries([...nets].map(([name, net]) => [name, net.maxBatch]));
  const clients = Array.from({ length: lanes }, () => {
    const { port1, port2 } = new MessageChannel();
    serveNets(port1, batching);
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

prepareDecoding();
serveProcess(methods);
