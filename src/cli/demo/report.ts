import { columns, columnWidths } from '../columns.js';

/** One line of the demo's tables. */
export type Row = readonly string[];

/** Columns as wide as their widest cell, two blanks between them. */
export function table(header: Row, rows: readonly Row[]): string {
  const rule = columnWidths([header, ...rows]).map((width) => '─'.repeat(width));
  return columns([header, rule, ...rows]).join('\n');
}

export const percent = (similarity: number | undefined): string =>
  similarity === undefined ? '–' : similarity.toFixed(2);

/** A line that counts up: rewritten in place on a terminal, a line every five seconds elsewhere. */
export function progress(label: string, total: number): { step: () => void; done: () => void } {
  const started = performance.now();
  const live = process.stderr.isTTY;
  let count = 0;
  let lastMs = started;
  const show = (): void => {
    const seconds = (performance.now() - started) / 1000;
    const rate = count / Math.max(seconds, 1e-3);
    const rest =
      count < total
        ? `about ${Math.ceil((total - count) / rate)} s left`
        : `${seconds.toFixed(1)} s`;
    const text = `${label}: ${count} of ${total} (${rate.toFixed(1)} a second, ${rest})`;
    process.stderr.write(live ? `\r\u001b[K${text}` : `${text}\n`);
  };
  return {
    step() {
      count++;
      const nowMs = performance.now();
      if (!live && nowMs - lastMs < 5000) return;
      lastMs = nowMs;
      show();
    },
    done() {
      show();
      if (live) process.stderr.write('\n');
    },
  };
}
