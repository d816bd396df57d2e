import { floatRepr } from './repr.js';
import { isDict, isList, Moment, type Value } from './value.js';

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\b': '\\b',
};

// oxlint-disable-next-line no-control-regex -- Strings hold none of them as they are.
const NOT_PLAIN = /["\\\u0000-\u001f]/g;
/** All but blank to tilde and delete. */
const NOT_PLAIN_ASCII = /["\\]|[^ -\u007f]/g;

const unicodeEscape = (char: string): string =>
  `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A JSON string; with `ascii` everything beyond ASCII is escaped, UTF-16 unit by unit. */
export function jsonString(text: string, ascii: boolean): string {
  const escaped = text.replace(
    ascii ? NOT_PLAIN_ASCII : NOT_PLAIN,
    (char) => SHORT[char] ?? unicodeEscape(char),
  );
  return `"${escaped}"`;
}

function jsonNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  return floatRepr(value);
}

function scalar(value: Value, ascii: boolean): string {
  if (typeof value === 'string') return jsonString(value, ascii);
  if (typeof value === 'number') return jsonNumber(value);
  if (value instanceof Moment) return jsonString(value.iso, ascii);
  return value === null ? 'null' : `${value as boolean | bigint}`;
}

/**
 * `json.dumps` on one line. Python writes a blank after the separators and escapes what is not ASCII:
 * what the AWS CLI sends.
 */
export function jsonLine(
  value: Value,
  separators: readonly [string, string] = [', ', ': '],
): string {
  const [comma, colon] = separators;
  if (isList(value)) return `[${value.map((item) => jsonLine(item, separators)).join(comma)}]`;
  if (isDict(value)) {
    const members = [...value].map(
      ([key, item]) => `${jsonString(key, true)}${colon}${jsonLine(item, separators)}`,
    );
    return `{${members.join(comma)}}`;
  }
  return scalar(value, true);
}

/** `json.dump(indent=4, ensure_ascii=False)`, in the pieces Python writes one after the other. */
export function* jsonPieces(value: Value, margin = '\n'): Generator<string> {
  const inner = `${margin}    `;
  if (isList(value) && value.length > 0) {
    yield '[';
    for (const [index, item] of value.entries()) {
      yield index === 0 ? inner : `,${inner}`;
      yield* jsonPieces(item, inner);
    }
    yield `${margin}]`;
  } else if (isDict(value) && value.size > 0) {
    yield '{';
    let first = true;
    for (const [key, item] of value) {
      yield first ? inner : `,${inner}`;
      first = false;
      yield jsonString(key, false);
      yield ': ';
      yield* jsonPieces(item, inner);
    }
    yield `${margin}}`;
  } else yield isList(value) ? '[]' : isDict(value) ? '{}' : scalar(value, false);
}
