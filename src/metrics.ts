import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Sizes that are read when somebody asks for the metrics. */
export interface Sizes {
  vision: { workers: number; running: number; queued: number };
  vectors: {
    collections: number;
    faces: number;
    users: number;
    pending?: number;
    readFromStore?: number;
    snapshots?: Readonly<Record<string, number>>;
  };
}

/** What the service counts and times, in Prometheus' text format. */
export interface Metrics {
  /** One named step of one operation. */
  step(step: string, operation: string, seconds: number): void;
  /** One answered request; `code` is `OK` or the error code. */
  request(operation: string, code: string): void;
  readonly contentType: string;
  text(): Promise<string>;
}

const SECONDS = [0.0002, 0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own, so that two services in one process do not mix. */
export function createMetrics(sizes: () => Sizes): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const steps = new Histogram({
    name: 'likeness_step_seconds',
    help: 'Time of one step of a request',
    labelNames: ['step', 'operation'],
    buckets: SECONDS,
    registers,
  });
  const requests = new Counter({
    name: 'likeness_requests_total',
    help: 'Answered requests by operation and result code',
    labelNames: ['operation', 'code'],
    registers,
  });
  const images = new Gauge({
    name: 'likeness_vision_images',
    help: 'Photos in inference by state',
    labelNames: ['state'],
    registers,
  });
  const vectors = new Gauge({
    name: 'likeness_vectors',
    help: 'Searchable vectors by kind',
    labelNames: ['kind'],
    registers,
  });
  const pending = new Gauge({
    name: 'likeness_vectors_pending',
    help: 'Vectors that no search graph has taken in yet; searches scan them',
    registers,
  });
  const fromStore = new Gauge({
    name: 'likeness_vectors_read_from_store',
    help: 'Vectors read from the store since the start because no snapshot could be used',
    registers,
  });
  const snapshots = new Gauge({
    name: 'likeness_snapshots',
    help: 'Snapshots of search indexes since the start by what became of them',
    labelNames: ['outcome'],
    registers,
  });
  return {
    step: (step, operation, seconds) => steps.observe({ step, operation }, seconds),
    request: (operation, code) => requests.inc({ operation, code }),
    contentType: registry.contentType,
    text() {
      const { vision, vectors: loaded } = sizes();
      images.set({ state: 'running' }, vision.running);
      images.set({ state: 'queued' }, vision.queued);
      vectors.set({ kind: 'face' }, loaded.faces);
      vectors.set({ kind: 'user' }, loaded.users);
      pending.set(loaded.pending ?? 0);
      fromStore.set(loaded.readFromStore ?? 0);
      for (const [outcome, count] of Object.entries(loaded.snapshots ?? {}))
        snapshots.set({ outcome }, count);
      return registry.metrics();
    },
  };
}
