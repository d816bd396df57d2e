import { ApiError } from '../errors.js';

interface Waiting {
  bytes: number;
  start: () => void;
}

/** A part of the budget in somebody's hands. */
export interface Share {
  /** Gives back all but `bytes`. */
  shrink(bytes: number): void;
  /** Gives back the rest. */
  release(): void;
}

/** Bytes that may be held together. Who finds too few left waits, first come first served. */
export class ByteBudget {
  #left: number;
  readonly #maxWaiting: number;
  readonly #waiting: Waiting[] = [];

  constructor(bytes: number, maxWaiting: number) {
    this.#left = bytes;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Waits for `bytes`, which must not be more than the whole budget.
   *
   * @throws ApiError ProvisionedThroughputExceededException when too many wait already.
   * @throws the signal's reason when it is aborted.
   */
  async take(bytes: number, signal: AbortSignal): Promise<Share> {
    signal.throwIfAborted();
    if (this.#waiting.length > 0 || this.#left < bytes) await this.#turn(bytes, signal);
    else this.#left -= bytes;
    let held = bytes;
    const shrink = (to: number): void => {
      this.#left += Math.max(0, held - to);
      held = Math.min(held, to);
      this.#startNext();
    };
    return { shrink, release: () => shrink(0) };
  }

  #turn(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting)
      throw new ApiError('ProvisionedThroughputExceededException', 'S3 download limit exceeded');
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        this.#startNext();
        reject(signal.reason as Error);
      };
      const entry: Waiting = {
        bytes,
        start: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(entry);
    });
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next && next.bytes <= this.#left; next = this.#waiting[0]) {
      this.#left -= next.bytes;
      this.#waiting.shift();
      next.start();
    }
  }
}
