/** How long pieces of work may follow one another before the event loop gets its turn. */
const BUDGET_MS = 4;

/**
 * Short synchronous work on the event loop: at once while the present turn has time left, else first
 * come, first served in the turns that follow. So many callers together cannot keep the loop from its
 * other work for longer than the budget and one piece of work.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  /** When this turn's first work began; undefined between turns. */
  #startedMs: number | undefined;

  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const piece = (): void => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      if (this.#waiting.length === 0 && this.#hasTime()) piece();
      else this.#waiting.push(piece);
    });
  }

  #hasTime(): boolean {
    const nowMs = performance.now();
    if (this.#startedMs === undefined) {
      this.#startedMs = nowMs;
      setImmediate(() => this.#nextTurn());
    }
    return nowMs - this.#startedMs < BUDGET_MS;
  }

  #nextTurn(): void {
    this.#startedMs = undefined;
    let done = 0;
    while (done < this.#waiting.length && this.#hasTime()) this.#waiting[done++]?.();
    this.#waiting.splice(0, done);
  }
}
