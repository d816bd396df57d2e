import { statSync } from 'node:fs';

/** A value that was read from files and follows them. */
export interface Reloading<T> {
  /** What the files said when they could last be read. */
  current(): T;
  close(): void;
}

export interface ReloadingOptions<T> {
  readonly paths: readonly string[];
  /** Reads the files. Throws what a caller should see at start, or what is wrong with an edit. */
  readonly load: () => T;
  /** Takes a value that was read again; if it throws, the files count as broken. */
  readonly onLoaded: (value: T) => void;
  /** The files changed and cannot be used; the value stays what it was. */
  readonly onBroken: (error: unknown) => void;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 1000;

/**
 * Loads now, which may throw, and again within a second of any change. By asking for the files' state, not
 * by `fs.watch`: that also sees files that editors replace, secrets that are swapped by a symbolic link, and
 * network file systems.
 */
export function createReloading<T>(options: ReloadingOptions<T>): Reloading<T> {
  const { paths, load, onLoaded, onBroken, intervalMs = INTERVAL_MS } = options;
  // Taken before the files are read: a change in between is read twice rather than missed.
  let seen = stateOf(paths);
  let value = load();
  const timer = setInterval(() => {
    const state = stateOf(paths);
    if (state === seen) return;
    seen = state;
    try {
      const loaded = load();
      onLoaded(loaded);
      value = loaded;
    } catch (error) {
      onBroken(error);
    }
  }, intervalMs);
  timer.unref();
  return { current: () => value, close: () => clearInterval(timer) };
}

const stateOf = (paths: readonly string[]): string =>
  paths
    .map((path) => {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
      return stats && [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
    })
    .join(' ');
