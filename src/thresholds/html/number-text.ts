import type { Estimate } from '../report.js';

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** 10 to an integer, as `10⁻⁴`. */
export const power = (exponent: number): string =>
  `10${exponent < 0 ? '⁻' : ''}${Array.from(String(Math.abs(exponent)), (digit) => SUPERSCRIPTS[Number(digit)]).join('')}`;

/** A share, never broken over lines: percent, or `9.8 × 10⁻⁴` where percent would be zeros. */
export function share(value: number): string {
  if (value === 0) return '0';
  if (value >= 0.001) return percent(value);
  const [mantissa = '', exponent = ''] = value.toExponential(1).split('e');
  const times = mantissa === '1.0' ? '' : `${Number(mantissa)}\u00a0×\u00a0`;
  return `${times}${power(Number(exponent))}`;
}

export function percent(value: number): string {
  const number = value * 100;
  return `${Number(number >= 10 ? number.toFixed(1) : number.toPrecision(2))}\u00a0%`;
}

/** A threshold: a tenth on the API's scale, enough digits on another. */
export const threshold = (value: number): string =>
  String(Number(Math.abs(value) >= 10 ? value.toFixed(1) : value.toPrecision(4)));

/** A whole number with thin groups, the same in every locale of the machine. */
export const whole = (value: number): string =>
  String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** The value in words: `below …` where no error was seen, `not measurable here` where the data cannot tell. */
export function valueText(
  { value, high, basis }: Estimate,
  text: (value: number) => string,
): string {
  if (basis === 'bound' && high !== null) return `below ${text(high)}`;
  if (value === null || basis === 'not-measurable') return 'not measurable here';
  return text(value);
}

/** The interval, or '' where there is none to show. */
export function intervalText(
  { low, high, basis }: Estimate,
  text: (value: number) => string,
): string {
  if (basis === 'bound' || basis === 'not-measurable') return '';
  if (low === null && high === null) return basis === 'extrapolated' ? 'extrapolated' : '';
  const range = `${low === null ? '?' : text(low)} – ${high === null ? '?' : text(high)}`;
  return basis === 'extrapolated' ? `${range}, extrapolated` : range;
}
