import type { Estimate } from './report.js';

/** A share as people read it: percent, and powers of ten where percent would be zeros. */
export function shareText(value: number | null): string {
  if (value === null) return '–';
  if (value === 0) return '0';
  return value >= 0.001 ? percent(value) : powerText(value);
}

export function percent(value: number): string {
  const number = value * 100;
  return `${Number(number >= 10 ? number.toFixed(1) : number.toPrecision(2))} %`;
}

/** Such as `1e-4` and `6.1e-3`. */
export const powerText = (value: number): string =>
  value === 0
    ? '0'
    : value.toExponential(1).replace('.0e', 'e').replace(/e-0*/, 'e-').replace('e+0', '');

/** A false match rate: percent where it is large, else a power of ten. */
export const rateText = (value: number | null): string =>
  value === null ? '?' : value >= 0.01 ? percent(value) : powerText(value);

/** A value and its interval in brackets, `text` writing each number. */
export function estimateText(
  { value, low, high, basis }: Estimate,
  text: (value: number | null) => string,
): string {
  if (basis === 'not-measurable' || value === null) return 'not measurable here';
  if (basis === 'bound') return `below ${text(high)}`;
  const interval = low === null && high === null ? '' : ` (${text(low)} – ${text(high)})`;
  return `${text(value)}${interval}${basis === 'extrapolated' ? ', extrapolated' : ''}`;
}

/** A threshold: a tenth on the API's scale, enough digits on another. */
export const thresholdText = (value: number | null): string =>
  value === null ? '?' : String(Number(value.toPrecision(5)));
