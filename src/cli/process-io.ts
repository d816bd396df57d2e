import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Io, Output } from './io.js';

const outputOf = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => void stream.write(text),
  terminal: stream.isTTY,
  columns: stream.columns ?? 80,
});

/** The world of this process. */
export const processIo = (): Io => ({
  env: process.env,
  cwd: process.cwd(),
  stdout: outputOf(process.stdout),
  stderr: outputOf(process.stderr),
  newToken: randomUUID,
  sleep: (ms) => wait(ms),
});
