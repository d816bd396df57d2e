import type { Output } from '../io.js';

const MEGABYTE = 1e6;

/** How often a line is shown, milliseconds: rewritten on a terminal, else one below the other. */
const EVERY_MS = { terminal: 200, log: 10_000 };

/** What a download reports to, at any pace. */
export type Progress = (bytes: number) => void;

/** In the unit in which people talk of downloads. */
export const megabytes = (bytes: number): string =>
  `${(bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 1 : 0)} MB`;

/**
 * Shows how far a download is, how fast it goes and how long it will take.
 *
 * @param nowMs a clock that only goes forward.
 */
export function showProgress(
  { path, bytes: all }: { path: string; bytes: number },
  output: Output,
  nowMs: () => number,
): Progress {
  let first: { bytes: number; ms: number } | undefined;
  let shownMs = Number.NEGATIVE_INFINITY;
  return (bytes) => {
    const now = nowMs();
    first ??= { bytes, ms: now };
    if (bytes < all && now - shownMs < EVERY_MS[output.terminal ? 'terminal' : 'log']) return;
    shownMs = now;
    const rate = ((bytes - first.bytes) / (now - first.ms)) * 1000;
    const speed = rate > 0 && Number.isFinite(rate) ? `, ${megabytes(rate)}/s` : '';
    const left = speed === '' || bytes === all ? '' : `, ${clock((all - bytes) / rate)} left`;
    const share = Math.floor((bytes / all) * 100);
    const line = `${path}: ${megabytes(bytes)} of ${megabytes(all)} (${share} %)${speed}${left}`;
    output.write(output.terminal ? `\r${line}\x1b[K${bytes === all ? '\n' : ''}` : `${line}\n`);
  };
}

/** Minutes and seconds. */
function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
