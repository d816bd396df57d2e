import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type Log = Logger;

/**
 * Structured logs on standard error, one JSON object a line, written at once so that a crash loses none.
 * Bodies, photos, embeddings and signatures are never logged.
 */
export const createLog = (level: string): Log =>
  pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime },
    destination({ fd: process.stderr.fd, sync: true }),
  );

/** What parts tell an operator; a part that names no level has something to look at. */
export const noteTo =
  (log: Log) =>
  (message: string, details: object, level: 'info' | 'warn' = 'warn'): void =>
    log[level](details, message);
