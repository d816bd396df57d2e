import type { Place } from '../domain/ids.js';
import type { Quotas } from '../domain/limits.js';
import type { PageTokens } from '../domain/page-token.js';
import type { Objects } from '../objects/objects.js';
import type { Store } from '../store/store.js';
import type { Matcher, Vectors } from '../vectors/vectors.js';
import type { Vision } from '../vision/vision.js';
import type { Calibrations } from './calibrations.js';

/** What an operator decided about how operations behave. */
export interface OperationSettings {
  place: Place;
  quotas: Quotas;
  /** `all`: a user's first faces are taken whole; `consistent`: they must agree with each other. */
  firstBatch: 'all' | 'consistent';
  /** How long a ClientRequestToken is remembered. */
  idempotencyMs: number;
}

/** Everything an operation may touch. Built once in main.ts; a handler names the few it needs with Pick. */
export interface Services {
  store: Store;
  vision: Vision;
  vectors: Vectors;
  matcher: Matcher;
  objects: Objects;
  calibrations: Calibrations;
  pageTokens: PageTokens;
  settings: OperationSettings;
  /** Milliseconds since the epoch. */
  clock: () => number;
  newFaceId: () => string;
  /** Encrypts the crop of a face that is kept; absent: none is. */
  sealCrop?: (crop: Uint8Array, faceId: string) => Uint8Array;
}
