import { ApiError } from '../errors.js';
import type { Hits, Probe } from './engine.js';
import type { Results } from './table.js';

/** So many queries go into one call at most. */
const MAX_BATCH = 64;

/** So many may wait for calls under way; as many as may wait for the threads (native/graph/pool.cc). */
const MAX_WAITING = 4096;

/** The queries of one call, laid out as native code reads them. */
export interface Batch {
  queries: Float32Array;
  limits: Uint32Array;
  floors: Float64Array;
  allowed: Uint8Array | undefined;
}

interface Waiting<P extends Probe> {
  probe: P;
  resolve: (hits: Hits | undefined) => void;
  reject: (error: unknown) => void;
}

/**
 * Puts the searches of one turn of the event loop into one call: one hand-over to the threads and back, and
 * one reading of the rows for all of them. While as many calls are under way as keep the threads busy, searches
 * wait and go together into the next: the more come in, the less each costs.
 */
export class Batcher<P extends Probe> {
  readonly #search: (batch: Batch, probes: readonly P[]) => Results | Promise<Results>;
  readonly #enough: () => number;
  #waiting: Waiting<P>[] = [];
  #scheduled = false;
  #underWay = 0;

  /** `enough`: calls that keep the threads busy. */
  constructor(
    search: (batch: Batch, probes: readonly P[]) => Results | Promise<Results>,
    enough: () => number = () => Infinity,
  ) {
    this.#search = search;
    this.#enough = enough;
  }

  /** Undefined where what was found is not complete. */
  find(probe: P): Promise<Hits | undefined> {
    return new Promise((resolve, reject) => {
      const waiting = { probe, resolve, reject };
      // What may be found is said once a call.
      if (probe.allowed) void this.#run([waiting]);
      else this.#enqueue(waiting);
    });
  }

  /** The same here and now, for a search that is quick. */
  findNow(probe: P): Hits | undefined | Promise<Hits | undefined> {
    try {
      const found = this.#search(batchOf([probe]), [probe]);
      return found instanceof Promise
        ? found.then((results) => hitsOf(results, 0))
        : hitsOf(found, 0);
    } catch (error) {
      throw told(error);
    }
  }

  #enqueue(waiting: Waiting<P>): void {
    if (this.#waiting.length === MAX_WAITING) {
      waiting.reject(new ApiError('ThrottlingException'));
      return;
    }
    this.#waiting.push(waiting);
    if (this.#waiting.length >= MAX_BATCH) this.#flush();
    else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#underWay < this.#enough())
      void this.#run(this.#waiting.splice(0, MAX_BATCH));
  }

  async #run(waiting: readonly Waiting<P>[]): Promise<void> {
    const probes = waiting.map(({ probe }) => probe);
    this.#underWay++;
    try {
      const results = await this.#search(batchOf(probes), probes);
      for (const [i, { resolve }] of waiting.entries()) resolve(hitsOf(results, i));
    } catch (error) {
      for (const { reject } of waiting) reject(told(error));
    } finally {
      this.#underWay--;
      this.#flush();
    }
  }
}

/** A caller is told when too much is asked at once. */
const told = (cause: unknown): unknown =>
  (cause as { code?: unknown }).code === 'VECTORS_BUSY'
    ? new ApiError('ThrottlingException', undefined, { cause })
    : cause;

function batchOf(probes: readonly Probe[]): Batch {
  const [first, second] = probes;
  if (first && !second) {
    const { query, limit, floor, allowed } = first;
    const limits = Uint32Array.of(limit);
    return { queries: query, limits, floors: Float64Array.of(floor), allowed: allowed?.bits };
  }
  const dimension = first?.query.length ?? 0;
  const queries = new Float32Array(probes.length * dimension);
  for (const [i, { query }] of probes.entries()) queries.set(query, i * dimension);
  return {
    queries,
    limits: Uint32Array.from(probes, ({ limit }) => limit),
    floors: Float64Array.from(probes, ({ floor }) => floor),
    allowed: undefined,
  };
}

function hitsOf({ ordinals, scores, ends, complete }: Results, i: number): Hits | undefined {
  if (complete[i] === 0) return undefined;
  const start = i === 0 ? 0 : ends[i - 1]!;
  return { ordinals: ordinals.subarray(start, ends[i]), scores: scores.subarray(start, ends[i]) };
}
