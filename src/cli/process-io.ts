import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Io } from './io.js';
import { standardError, standardOutput } from './output/stream.js';

/** The world of this process. */
export const processIo = (): Io => ({
  env: process.env,
  cwd: process.cwd(),
  stdout: standardOutput(),
  stderr: standardError(),
  newToken: randomUUID,
  sleep: (ms) => wait(ms),
});
