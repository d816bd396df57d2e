import { createPageTokens } from '../../src/domain/page-token.js';
import type { Objects } from '../../src/objects/objects.js';
import { type Calibrations, createCalibrations } from '../../src/operations/calibrations.js';
import { bindOperations, type OperationHandlers } from '../../src/operations/index.js';
import type { Services } from '../../src/operations/services.js';
import type { Store } from '../../src/store/store.js';
import { createVectors } from '../../src/vectors/create.js';
import { createMatcher } from '../../src/vectors/matcher.js';
import type { EmbeddingModel, Vision } from '../../src/vision/vision.js';
import { DIMENSION, newCollection } from '../store/samples.js';

const DAY_MS = 24 * 3_600_000;
const { modelId } = newCollection();

/** No photo is looked at here: only the model that embeddings are said to come from. */
const model: EmbeddingModel = {
  id: modelId,
  name: 'samples',
  version: '7.0',
  dimension: DIMENSION,
  runs: [],
  calibration: {
    version: 'curve-1',
    exponent: 0.2,
    points: [
      [0, 0],
      [1, -10],
    ],
  },
};
const vision = { model, models: [model] } as unknown as Vision;

export interface Operations extends OperationHandlers {
  close(): Promise<void>;
}

/** Nor is any store of photos asked. */
const objects = {} as Objects;

/** Ready at the first call. */
function calibrationsOf(store: Store): Calibrations {
  let made: Promise<Calibrations> | undefined;
  const ready = (): Promise<Calibrations> =>
    (made ??= createCalibrations(store.calibrations, [model], 0));
  return {
    of: async (collection) => (await ready()).of(collection),
    current: async () => (await ready()).current(),
    weighing: async (id) => (await ready()).weighing(id),
  };
}

/** All operations over a real store, index and matcher, at a time the test sets. */
export function operationsOn(store: Store, clock: () => number = Date.now): Operations {
  const vectors = createVectors(store, { flatLimits: { face: 0, user: 0 }, engine: 'flat' });
  const services: Services = {
    store,
    vision,
    vectors,
    objects,
    matcher: createMatcher(),
    calibrations: calibrationsOf(store),
    pageTokens: createPageTokens(Buffer.alloc(32, 7)),
    settings: {
      place: { region: 'us-east-1', accountId: '000000000000' },
      quotas: {
        facesPerCollection: 1e6,
        usersPerCollection: 1e6,
        collections: 1e6,
        tagsPerCollection: 50,
      },
      firstBatch: 'all',
      idempotencyMs: DAY_MS,
    },
    clock,
    newFaceId: () => {
      throw new Error('no face is indexed here');
    },
  };
  return { ...bindOperations(services), close: () => vectors.close() };
}

/** What a handler is told about its caller here: one that stays. */
export const context = { signal: new AbortController().signal };
