import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** Structured logs, one JSON object a line. Bodies, photos, embeddings and signatures are never logged. */
export const createLog = (level: string, destination: DestinationStream): Log =>
  pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
