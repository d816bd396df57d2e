import { fstatSync, writeSync } from 'node:fs';
import type { Output } from '../io.js';
import { systemErrorText } from '../python/system-error.js';

/** Standard output cannot be written: nobody reads it any more, or its disk is full. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  /** Whoever read it has left (`likeness list-faces … | head`). */
  readonly isBrokenPipe: boolean;

  constructor(cause: NodeJS.ErrnoException) {
    super(systemErrorText(cause), { cause });
    this.isBrokenPipe = cause.code === 'EPIPE';
  }
}

/**
 * Standard output. What is written is with the operating system when `write` returns; else it throws an
 * OutputError.
 */
export const standardOutput = (): Output => ({
  write: (text) => {
    try {
      writeAll(STDOUT, text);
    } catch (error) {
      throw new OutputError(error as NodeJS.ErrnoException);
    }
  },
  get terminal() {
    return terminalOf(STDOUT) !== undefined;
  },
  get columns() {
    return terminalOf(STDOUT)?.columns ?? DEFAULT_COLUMNS;
  },
});

/** Standard error. Where it cannot be written, the exit code is all that is left to say. */
export const standardError = (): Output => ({
  write: (text) => {
    try {
      writeAll(STDERR, text);
    } catch {
      // There is nowhere to say it.
    }
  },
  get terminal() {
    return terminalOf(STDERR) !== undefined;
  },
  get columns() {
    return terminalOf(STDERR)?.columns ?? DEFAULT_COLUMNS;
  },
});

const [STDOUT, STDERR] = [1, 2] as const;
const DEFAULT_COLUMNS = 80;
/** Milliseconds before a reader that is slower than we are is tried again. */
const PAUSE_MS = 5;

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  for (let written = 0; written < bytes.length; )
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      // A pipe that another process has set to non-blocking, and that is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
}

/** The stream where it is a terminal. Node's streams are asked only then: opening one takes milliseconds. */
function terminalOf(descriptor: typeof STDOUT | typeof STDERR): NodeJS.WriteStream | undefined {
  if (!fstatSync(descriptor).isCharacterDevice()) return undefined;
  const stream = descriptor === STDOUT ? process.stdout : process.stderr;
  return stream.isTTY ? stream : undefined;
}
