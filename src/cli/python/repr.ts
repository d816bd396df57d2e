import { isDict, isList, Moment, OrderedDict, type Value } from './value.js';

/**
 * `repr(float)`: the shortest digits that read back the same, as in JavaScript, but with an exponent
 * below 1e-4 and from 1e16 on, and never without a fraction (`100.0`).
 */
export function floatRepr(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const sign = exponent < 0 ? '-' : '+';
    return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  const negative = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (exponent < 0) return `${negative}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${negative}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** `repr(str)`: single quotes unless that would need an escape and double quotes would not. */
export function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\\p{C}\p{Z}]|'|"/gu, (char) => {
    if (char === ' ') return char;
    if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
    return ESCAPES[char] ?? escapeCode(char.codePointAt(0) ?? 0);
  });
  return `${quote}${body}${quote}`;
}

function escapeCode(code: number): string {
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function bytesRepr(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = text.replace(/[\\'"]|[^ -~]/g, (char) => {
    if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
    return ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `b${quote}${body}${quote}`;
}

/** Python's `repr(value)`. */
export function repr(value: Value): string {
  if (typeof value === 'string') return textRepr(value);
  if (value instanceof Uint8Array) return bytesRepr(value);
  if (value instanceof Moment)
    return `${value.type}(${value.iso
      .split(/[-T:.]/)
      .map(Number)
      .join(', ')})`;
  if (isList(value)) return `[${value.map(repr).join(', ')}]`;
  if (value instanceof OrderedDict)
    return `OrderedDict(${value.size === 0 ? '' : `[${[...value].map(([key, item]) => `(${textRepr(key)}, ${repr(item)})`).join(', ')}]`})`;
  if (isDict(value))
    return `{${[...value].map(([key, item]) => `${textRepr(key)}: ${repr(item)}`).join(', ')}}`;
  return str(value);
}

/** Python's `str(value)`. */
export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return floatRepr(value);
  if (value instanceof Moment) return value.iso.replace('T', ' ');
  return repr(value);
}
