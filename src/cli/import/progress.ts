import type { Io } from '../io.js';

const EVERY_MS = { terminal: 200, log: 10_000 } as const;

/** Shows how far an import is, how fast it goes and how long it will take. */
export class Progress {
  readonly #output: Io['stderr'];
  readonly #total: number;
  readonly #start = performance.now();
  #shown = 0;
  #done = 0;
  /** Photos that cost a call: what the rate is made of. */
  #sent = 0;
  #withoutFace = 0;

  constructor(output: Io['stderr'], total: number) {
    this.#output = output;
    this.#total = total;
  }

  /** Counts a photo; `sent` if it had to be sent. */
  count({ sent, face }: { sent: boolean; face: boolean }): void {
    this.#done++;
    if (sent) this.#sent++;
    if (!face) this.#withoutFace++;
    const now = performance.now();
    const every = this.#output.terminal ? EVERY_MS.terminal : EVERY_MS.log;
    if (now - this.#shown < every && this.#done < this.#total) return;
    this.#shown = now;
    this.#show((now - this.#start) / 1000);
  }

  #show(seconds: number): void {
    const rate = this.#sent / Math.max(seconds, 0.001);
    const left = this.#total - this.#done;
    const parts = [
      `${this.#done} of ${this.#total} photos`,
      `${rate.toFixed(1)} a second`,
      ...(left > 0 && rate > 0 ? [`${duration(left / rate)} left`] : []),
      `${this.#withoutFace} without a face`,
    ];
    const line = parts.join(', ');
    this.#output.write(this.#output.terminal ? `\r${line}\x1b[K` : `${line}\n`);
  }

  end(): void {
    if (this.#output.terminal) this.#output.write('\n');
  }
}

/** Such as `45 s`, `12 min`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
