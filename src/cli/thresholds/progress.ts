import { duration } from '../import/progress.js';
import type { Io } from '../io.js';

const EVERY_MS = { terminal: 200, log: 10_000 } as const;

/** Shows on standard error what is being done, how fast, and how long it will take. */
export class MeasuringProgress {
  readonly #output: Io['stderr'];
  #shown = 0;
  #what = '';
  #since = 0;
  #dirty = false;

  constructor(output: Io['stderr']) {
    this.#output = output;
  }

  /** Photos that are known, and how many of these had to be computed now. */
  photos({ photos, total, computed }: { photos: number; total: number; computed: number }): void {
    const seconds = this.#begin('photos');
    const rate = computed / Math.max(seconds, 0.001);
    const left = total - photos;
    const parts = [
      `${photos} of ${total} photos`,
      ...(computed > 0 ? [`${rate.toFixed(1)} a second`] : []),
      ...(left > 0 && rate > 0 ? [`${duration(left / rate)} left`] : []),
    ];
    this.#show(parts.join(', '), left === 0);
  }

  rows(rows: number, pass: 1 | 2): void {
    const seconds = this.#begin(`pass ${pass}`);
    const rate = Math.round(rows / Math.max(seconds, 0.001));
    this.#show(
      `pass ${pass} of 2: ${rows.toLocaleString('en-US')} scores, ${rate.toLocaleString('en-US')} a second`,
      false,
    );
  }

  share(what: string, share: number): void {
    const seconds = this.#begin(what);
    const left =
      share > 0.01 && share < 1 ? `, ${duration((seconds / share) * (1 - share))} left` : '';
    this.#show(`${what}${share > 0 ? `: ${Math.floor(share * 100)} %${left}` : ''}`, false);
  }

  /** Leaves the terminal's line to what follows. */
  end(): void {
    if (this.#dirty && this.#output.terminal) this.#output.write('\r\x1b[K');
    this.#dirty = false;
  }

  /** Seconds since this work began. */
  #begin(what: string): number {
    const now = performance.now();
    if (what !== this.#what) {
      this.#what = what;
      this.#since = now;
      if (this.#output.terminal) this.#shown = 0;
    }
    return (now - this.#since) / 1000;
  }

  #show(line: string, always: boolean): void {
    const now = performance.now();
    const { terminal } = this.#output;
    if (!always && now - this.#shown < (terminal ? EVERY_MS.terminal : EVERY_MS.log)) return;
    this.#shown = now;
    this.#dirty = true;
    this.#output.write(terminal ? `\r${line}\x1b[K` : `${line}\n`);
  }
}
