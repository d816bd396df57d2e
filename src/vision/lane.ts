import { type MessagePort, workerData } from 'node:worker_threads';
import { serveWorker, Transfer } from '../worker-rpc.js';
import type { EmbeddingCard } from './parts.js';
import { Pipeline } from './pipeline.js';
import { netsBehind } from './runtimes/shared-nets.js';
import type { ImageAnalysis } from './vision.js';
import type { AnalyseCall } from './worker.js';

/** What a lane is started with. */
export interface LaneSettings {
  maxPixels: number;
  /** What to embed with, the default first. */
  embedders: readonly EmbeddingCard[];
  /** The most images one run of each net takes, by the name of its model. */
  maxBatches: Readonly<Record<string, number>>;
  /** To the thread that owns the nets. */
  port: MessagePort;
}

const { maxPixels, embedders, maxBatches, port } = workerData as LaneSettings;
const pipeline = Pipeline.create(netsBehind(port, maxBatches), maxPixels, embedders);

const methods = {
  async analyse({ image, request }: AnalyseCall): Promise<Transfer<ImageAnalysis>> {
    const analysis = await (await pipeline).analyse(image, request);
    const buffers = analysis.faces.flatMap(({ embedding, further = [] }) =>
      embedding ? [embedding, ...further].map(({ buffer }) => buffer as ArrayBuffer) : [],
    );
    // What two models have in common is there once.
    return new Transfer(analysis, [...new Set(buffers)]);
  },
};

/** The methods of a lane. */
export type Lane = typeof methods;

serveWorker(methods);
