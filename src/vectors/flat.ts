import { availableParallelism } from 'node:os';
import type { Arena } from './arena.js';
import { Batcher } from './batcher.js';
import type { Engine, Hits, Probe } from './engine.js';
import type { Pacer } from './pacer.js';
import { SEGMENT_ROWS } from './segments.js';

/** Those of the addon; a call is divided among them by segments. */
const THREADS = availableParallelism();

/** Searches expected to take longer are done by other threads; as in native/objects.h. */
export const INLINE_MICROSECONDS = 150;

/**
 * Searches every row of the arena: always right, and fast up to some tens of thousands of rows. A quick
 * search is done at once, while this turn of the event loop has time for it.
 */
export class FlatEngine implements Engine {
  readonly name = 'flat';
  readonly pending = 0;
  readonly #arena: Arena;
  readonly #pacer: Pacer;
  readonly #batcher: Batcher<Probe>;

  constructor(arena: Arena, pacer: Pacer) {
    this.#arena = arena;
    this.#pacer = pacer;
    this.#batcher = new Batcher(
      ({ queries, limits, floors, allowed }) =>
        arena.table.search(queries, limits, floors, allowed),
      // One more than the threads have room for, so that they never wait for the event loop.
      () => 1 + THREADS / Math.max(1, Math.ceil(arena.count / SEGMENT_ROWS)),
    );
  }

  find(probe: Probe): Hits | Promise<Hits> {
    const quick =
      this.#arena.table.scanMicroseconds <= INLINE_MICROSECONDS && this.#pacer.hasTime();
    const found = quick ? this.#batcher.findNow(probe) : this.#batcher.find(probe);
    return found instanceof Promise ? found.then(whole) : whole(found);
  }

  written(): void {}

  freed(): boolean {
    return false;
  }

  close(): void {}
}

function whole(hits: Hits | undefined): Hits {
  if (!hits) throw new Error('a scan was not complete');
  return hits;
}
