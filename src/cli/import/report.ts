import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Outcome } from './people.js';

/** A line of the report. */
export interface ReportLine extends Outcome {
  readonly photo: string;
  /** SHA-256 of the photo, its first 16 hex digits. */
  readonly hash: string;
  readonly userId?: string;
  /** Why the face did not join the user. */
  readonly notJoined?: string;
}

/**
 * What became of each photo, a JSON line each, appended at once: a later run reads it and does not send
 * again what gave no face. A line that was cut short by a crash is skipped.
 */
export class Report {
  readonly path: string;
  readonly #lines = new Map<string, ReportLine>();
  readonly #file: number;

  constructor(path: string) {
    this.path = path;
    if (existsSync(path))
      for (const text of readFileSync(path, 'utf8').split('\n')) {
        const line = parse(text);
        if (line) this.#lines.set(keyOf(line.photo, line.hash), line);
      }
    this.#file = openSync(path, 'a', 0o600);
  }

  find(photo: string, hash: string): ReportLine | undefined {
    return this.#lines.get(keyOf(photo, hash));
  }

  /** Appends what is not there already. */
  add(line: ReportLine): void {
    const key = keyOf(line.photo, line.hash);
    const text = JSON.stringify(line);
    if (text === JSON.stringify(this.#lines.get(key))) return;
    this.#lines.set(key, line);
    writeSync(this.#file, `${text}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

const keyOf = (photo: string, hash: string): string => `${hash} ${photo}`;

function parse(text: string): ReportLine | undefined {
  try {
    const line = JSON.parse(text) as Partial<ReportLine>;
    return typeof line.photo === 'string' && typeof line.hash === 'string'
      ? (line as ReportLine)
      : undefined;
  } catch {
    return undefined;
  }
}
