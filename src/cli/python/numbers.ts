import { CommandError } from '../errors.js';
import { textRepr } from './repr.js';

const INTEGER = /^\s*([-+]?)(\d+(?:_\d+)*)\s*$/;
const FLOAT =
  /^\s*([-+]?)(?:((?:\d+(?:_\d+)*)?\.?(?:\d+(?:_\d+)*)?(?:[eE][-+]?\d+(?:_\d+)*)?)|(inf(?:inity)?|nan))\s*$/i;

/** Python reads the decimal digits of every script; they stand in Unicode in tens. */
const asciiDigits = (text: string): string =>
  text.replaceAll(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let before = code;
    while (/^\p{Nd}$/u.test(String.fromCodePoint(before - 1))) before--;
    return String((code - before) % 10);
  });

/** `int(text)`; undefined where Python raises ValueError. */
export function parseInteger(text: string): bigint | undefined {
  const [, sign, digits] = INTEGER.exec(asciiDigits(text)) ?? [];
  if (digits === undefined) return undefined;
  const value = BigInt(digits.replaceAll('_', ''));
  return sign === '-' ? -value : value;
}

/** `float(text)`; undefined where Python raises ValueError. */
export function parseFloat64(text: string): number | undefined {
  const [, sign, digits, word] = FLOAT.exec(asciiDigits(text)) ?? [];
  const factor = sign === '-' ? -1 : 1;
  if (word !== undefined) return word.toLowerCase() === 'nan' ? Number.NaN : factor * Infinity;
  if (digits === undefined || !/^\.?\d/.test(digits)) return undefined;
  return factor * Number(digits.replaceAll('_', ''));
}

/** `int(text)` where Python's ValueError reaches the user. */
export function integerOrError(text: string): bigint {
  const value = parseInteger(text);
  if (value === undefined)
    throw new CommandError(`invalid literal for int() with base 10: ${textRepr(text)}`);
  return value;
}
