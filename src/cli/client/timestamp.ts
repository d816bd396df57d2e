import { CommandError } from '../errors.js';
import { parseFloat64 } from '../python/numbers.js';
import { str } from '../python/repr.js';
import type { Value } from '../python/value.js';

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?)?\s*(Z|UTC|GMT|[-+]\d\d(?::?\d\d)?)?$/;

/**
 * A timestamp of a reply as ISO 8601: epoch seconds in the local time zone, microseconds only where
 * there are any; a text keeps its own zone.
 */
export function readTimestamp(value: Value): string {
  if (typeof value === 'bigint' || typeof value === 'number') return fromEpoch(Number(value));
  if (typeof value === 'boolean') return fromEpoch(Number(value));
  if (typeof value !== 'string')
    throw new CommandError(
      `Invalid timestamp "${str(value)}": Parser must be a string or character stream, not ${value === null ? 'NoneType' : 'dict'}`,
    );
  const seconds = parseFloat64(value);
  if (seconds !== undefined && Number.isFinite(seconds)) return fromEpoch(seconds);
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction, zone] =
    ISO.exec(value) ?? [];
  if (year === undefined)
    throw new CommandError(`Invalid timestamp "${value}": Unknown string format: ${value}`);
  const micros = Number((fraction ?? '').padEnd(6, '0'));
  return `${year}-${month}-${day}T${hour}:${minute}:${second}${microseconds(micros)}${zoneOf(zone)}`;
}

const two = (number: number): string => String(number).padStart(2, '0');

const microseconds = (micros: number): string =>
  micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;

function zoneOf(zone: string | undefined): string {
  if (zone === undefined) return '';
  const [, sign = '+', hours = '00', minutes = '00'] = /^([-+])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return `${sign}${hours}:${minutes}`;
}

function fromEpoch(seconds: number): string {
  if (Number.isNaN(seconds)) throw new CommandError('cannot convert float NaN to integer');
  if (!Number.isFinite(seconds)) throw new CommandError('cannot convert float infinity to integer');
  let whole = Math.floor(seconds);
  let micros = roundHalfEven((seconds - whole) * 1e6);
  if (micros === 1_000_000) [whole, micros] = [whole + 1, 0];
  const date = new Date(whole * 1000);
  const year = Number.isNaN(date.getTime()) ? yearOf(whole) : date.getFullYear();
  if (year < 1 || year > 9999) throw new CommandError(`year ${year} is out of range`);
  const day = `${String(year).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${day}T${time}${microseconds(micros)}${zone}`;
}

/** The year of a time too far away for a Date: 400 Gregorian years have 146,097 days. */
function yearOf(seconds: number): number {
  const cycle = 146_097 * 86_400;
  const cycles = Math.floor(seconds / cycle);
  return new Date((seconds - cycles * cycle) * 1000).getUTCFullYear() + cycles * 400;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest === 0.5) return floor % 2 === 0 ? floor : floor + 1;
  return Math.round(value);
}
