import { ApiError } from '../errors.js';
import type { RateClass } from './access.js';

/** Calls a second that one principal may make, by class of operation; 0: as many as it likes. */
export type Rates = Readonly<Record<RateClass, number>>;

/** Holds every principal to its rates. */
export interface RateLimiter {
  /** Counts one call; ProvisionedThroughputExceededException, which clients retry, when it is one too many. */
  take(principal: string, rateClass: RateClass, nowMs: number): void;
  /** Principals and classes that are remembered. */
  size(): number;
}

interface Bucket {
  tokens: number;
  /** When `tokens` was right. */
  atMs: number;
}

/** Far above the number of keys a service can have; a forgotten bucket is a full one. */
const MAX_BUCKETS = 30_000;

/** Token buckets that hold one second's worth of calls, one at least. */
export function createRateLimiter(rates: Rates, maxBuckets = MAX_BUCKETS): RateLimiter {
  /** The least recently used first. */
  const buckets = new Map<string, Bucket>();
  return {
    take(principal, rateClass, nowMs) {
      const rate = rates[rateClass];
      if (rate === 0) return;
      const name = `${rateClass} ${principal}`;
      const { tokens, atMs } = buckets.get(name) ?? { tokens: rate, atMs: nowMs };
      // A clock that was set back gives nothing and takes nothing.
      const gained = (Math.max(0, nowMs - atMs) / 1000) * rate;
      const now = Math.min(rate, tokens + gained);
      buckets.delete(name);
      buckets.set(name, { tokens: now >= 1 ? now - 1 : now, atMs: nowMs });
      if (buckets.size > maxBuckets) buckets.delete(buckets.keys().next().value ?? '');
      if (now < 1) throw new ApiError('ProvisionedThroughputExceededException');
    },
    size: () => buckets.size,
  };
}
