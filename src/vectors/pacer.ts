import { setImmediate as nextCheckPhase } from 'node:timers/promises';

/** How long the work of one pacer may hold the event loop before others get their turn. */
const TURN_MS = 4;

/**
 * Shares the event loop between long computations and everything else: all work that asks the same
 * pacer together stays below TURN_MS, plus one step, in one turn of the loop.
 */
export class Pacer {
  /** When the time of this turn is used up; undefined before its first work. */
  #ends: number | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  /** Resolves when the next step may run: at once while there is time left in this turn. */
  async step(): Promise<void> {
    while (!this.hasTime()) {
      // One waiter a turn, in the order they came.
      this.#queue = this.#queue.then(() => nextCheckPhase());
      await this.#queue;
    }
  }

  /** Whether this turn has time left, for callers that would rather not wait for a promise. */
  hasTime(): boolean {
    const now = performance.now();
    if (this.#ends === undefined) {
      this.#ends = now + TURN_MS;
      setImmediate(() => {
        this.#ends = undefined;
      });
    }
    return now < this.#ends;
  }
}
