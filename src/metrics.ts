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
  /** Kept crops of faces, encrypted; undefined where they cannot be counted just now. */
  crops: { crops: number; bytes: number } | undefined;
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
export function createMetrics(sizes: () => Promise<Sizes>): Metrics {
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
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `likeness_${name}`, help, labelNames, registers });
  const images = gauge('vision_images', 'Photos in inference by state', 'state');
  const vectors = gauge('vectors', 'Searchable vectors by kind', 'kind');
  const pending = gauge(
    'vectors_pending',
    'Vectors that no search graph has taken in yet; searches scan them',
  );
  const fromStore = gauge(
    'vectors_read_from_store',
    'Vectors read from the store since the start because no snapshot could be used',
  );
  const snapshots = gauge(
    'snapshots',
    'Snapshots of search indexes since the start by what became of them',
    'outcome',
  );
  const crops = gauge('face_crops', 'Kept crops of faces');
  const cropBytes = gauge('face_crop_bytes', 'Size of the kept crops of faces, encrypted');
  return {
    step: (step, operation, seconds) => steps.observe({ step, operation }, seconds),
    request: (operation, code) => requests.inc({ operation, code }),
    contentType: registry.contentType,
    async text() {
      const { vision, vectors: loaded, crops: kept } = await sizes();
      images.set({ state: 'running' }, vision.running);
      images.set({ state: 'queued' }, vision.queued);
      vectors.set({ kind: 'face' }, loaded.faces);
      vectors.set({ kind: 'user' }, loaded.users);
      pending.set(loaded.pending ?? 0);
      fromStore.set(loaded.readFromStore ?? 0);
      if (kept) {
        crops.set(kept.crops);
        cropBytes.set(kept.bytes);
      }
      for (const [outcome, count] of Object.entries(loaded.snapshots ?? {}))
        snapshots.set({ outcome }, count);
      return registry.metrics();
    },
  };
}
