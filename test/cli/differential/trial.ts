import type { RecordedCase } from '../recorded/cases.js';

/** One command to give to both programs. Places are written as in the recorded cases: `${HTTP}`, `${FILES}` … */
export interface Trial extends Pick<RecordedCase, 'name' | 'argv' | 'env' | 'responses'> {
  /** Files in the working directory, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Characters that mean something somewhere. */
const ODD = Array.from(`{}[]",'=:@\\ -#.x1é\n`);

/** Seeded choices (mulberry32). */
export class Choices {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 ≤ x < 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  of<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new TypeError('nothing to choose from');
    return item;
  }

  many<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make);
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, at: this.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }

  /** The text with a few characters removed, doubled or put in. */
  damaged(text: string): string {
    const chars = Array.from(text);
    for (let times = 1 + this.below(2); times > 0; times--) {
      const at = this.below(chars.length + 1);
      if (this.chance(0.4)) chars.splice(at, 1);
      else chars.splice(at, 0, this.of(ODD));
    }
    return chars.join('');
  }
}
