/**
 * A value as the AWS CLI's Python holds it, so that nothing is lost between the wire and the screen: an int
 * is a bigint (`100`), a float a number (`100.0`), a dict a Map in key order, bytes a Uint8Array.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Moment
  | Value[]
  | Dict;

export interface Dict extends Map<string, Value> {}

/** What JSON in an option becomes in the AWS CLI: a dict with another name in messages. */
export class OrderedDict extends Map<string, Value> implements Dict {}

/** A date or a date with time of day without a zone: only YAML input and output skeletons have them. */
export class Moment {
  readonly type: 'datetime.date' | 'datetime.datetime';
  /** ISO 8601, such as `1970-01-01T00:00:00`. */
  readonly iso: string;

  constructor(type: Moment['type'], iso: string) {
    this.type = type;
    this.iso = iso;
  }
}

export const isDict = (value: Value | undefined): value is Dict => value instanceof Map;

export const isList = (value: Value | undefined): value is Value[] => Array.isArray(value);

export const isScalar = (value: Value | undefined): boolean => !isDict(value) && !isList(value);

/** What Python calls true: not None, False, zero, or anything empty. */
export function isTrue(value: Value | undefined): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  if (typeof value === 'bigint') return value !== 0n;
  if (typeof value === 'number') return value !== 0;
  if (isDict(value)) return value.size > 0;
  if (isList(value) || value instanceof Uint8Array) return value.length > 0;
  return true;
}

/** Names of Python's built-in types, as `type(value).__name__` gives them. */
export function typeName(value: Value): string {
  if (value === null) return 'NoneType';
  if (value instanceof Moment) return value.type;
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof OrderedDict) return 'collections.OrderedDict';
  if (isDict(value)) return 'dict';
  if (isList(value)) return 'list';
  const names = { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' } as const;
  return names[typeof value as keyof typeof names];
}

/** Unicode code points: what Python counts and compares, unlike UTF-16 units. */
export const codePoints = (text: string): string[] => Array.from(text);

/** Python's order of strings: by code point. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [codePoints(a), codePoints(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export const sortedKeys = (dict: Dict): string[] => [...dict.keys()].toSorted(compareText);
