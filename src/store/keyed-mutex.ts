/** Runs tasks of one key one after another, in the order they came; tasks of different keys side by side. */
export class KeyedMutex {
  /** The end of the last task of each key; a key without a task has no entry. */
  readonly #tails = new Map<string, Promise<void>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const done = after(before, task);
    const tail = done.then(ignore, ignore);
    this.#tails.set(key, tail);
    try {
      return await done;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}

const ignore = (): void => undefined;

async function after<T>(before: Promise<void> | undefined, task: () => Promise<T>): Promise<T> {
  await before;
  return task();
}
