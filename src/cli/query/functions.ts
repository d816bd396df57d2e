import { jsonLine } from '../python/json-writer.js';
import { parseFloat64, parseInteger } from '../python/numbers.js';
import { repr, str } from '../python/repr.js';
import {
  codePoints,
  compareText,
  type Dict,
  isDict,
  isList,
  typeName,
  type Value,
} from '../python/value.js';
import { Expression, equal, isNumber } from './compare.js';
import { QueryError } from './lexer.js';

type Argument = Value | Expression;
type Type =
  | 'any'
  | 'array'
  | 'array-number'
  | 'array-string'
  | 'expref'
  | 'number'
  | 'object'
  | 'string';

interface Definition {
  /** The types each argument may have; for `variadic` the last one repeats. */
  readonly types: readonly (readonly Type[])[];
  readonly variadic: boolean;
  readonly run: (...args: never[]) => Value;
}

const define = (
  types: Definition['types'],
  run: Definition['run'],
  variadic = false,
): Definition => ({ types, variadic, run });

type Num = bigint | number;
const ORDERED = ['array-number', 'array-string'] as const;

/** The functions of JMESPath with Python's numbers: a sum of ints is an int, an average always a float. */
const FUNCTIONS: Readonly<Record<string, Definition>> = {
  abs: define([['number']], (of: Num) => (of < 0 ? -of : of)),
  avg: define([['array-number']], (of: Num[]) =>
    of.length === 0 ? null : Number(sum(of)) / of.length,
  ),
  ceil: define([['number']], (of: Num) => whole(of, Math.ceil)),
  contains: define([['array', 'string'], ['any']], contains),
  ends_with: define([['string'], ['string']], (of: string, end: string) => of.endsWith(end)),
  floor: define([['number']], (of: Num) => whole(of, Math.floor)),
  join: define([['string'], ['array-string']], (by: string, of: string[]) => of.join(by)),
  keys: define([['object']], (of: Dict) => [...of.keys()]),
  length: define([['string', 'array', 'object']], length),
  map: define([['expref'], ['array']], (by: Expression, of: Value[]) => of.map(by.apply)),
  max: define([ORDERED], (of: Value[]) => best(of, (item) => item, 1)),
  max_by: define([['array'], ['expref']], (of: Value[], by: Expression) =>
    best(of, keyOf(by, 'max_by'), 1),
  ),
  merge: define([['object']], (...of: Dict[]) => new Map(of.flatMap((dict) => [...dict])), true),
  min: define([ORDERED], (of: Value[]) => best(of, (item) => item, -1)),
  min_by: define([['array'], ['expref']], (of: Value[], by: Expression) =>
    best(of, keyOf(by, 'min_by'), -1),
  ),
  not_null: define([['any']], (...of: Value[]) => of.find((item) => item !== null) ?? null, true),
  reverse: define([['array', 'string']], (of: Value[] | string) =>
    typeof of === 'string' ? codePoints(of).toReversed().join('') : of.toReversed(),
  ),
  sort: define([['array-string', 'array-number']], (of: Value[]) => of.toSorted(order)),
  sort_by: define([['array'], ['expref']], sortBy),
  starts_with: define([['string'], ['string']], (of: string, start: string) =>
    of.startsWith(start),
  ),
  sum: define([['array-number']], (of: Num[]) => sum(of)),
  to_array: define([['any']], (of: Value) => (isList(of) ? of : [of])),
  to_number: define([['any']], toNumber),
  to_string: define([['any']], (of: Value) =>
    typeof of === 'string' ? of : jsonLine(of, [',', ':']),
  ),
  type: define([['any']], (of: Argument) => (of instanceof Expression ? null : jmespathType(of))),
  values: define([['object']], (of: Dict) => [...of.values()]),
};

/** Calls a function by name; throws QueryError for an unknown name, a wrong count or a wrong type. */
export function callFunction(name: string, args: readonly Argument[]): Value {
  const definition = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (!definition) throw new QueryError(`Unknown function: ${name}()`);
  const { types, variadic, run } = definition;
  const expected = types.length;
  if (variadic ? args.length < expected : args.length !== expected)
    throw new QueryError(
      `Expected ${variadic ? 'at least ' : ''}${expected} argument${expected === 1 ? '' : 's'} for function ${name}(), received ${args.length}`,
    );
  for (const [index, allowed] of types.entries())
    if (!allowed.includes('any')) requireType(name, args[index] ?? null, allowed);
  return run(...(args as never[]));
}

function jmespathType(value: Argument): string {
  if (value instanceof Expression) return 'expref';
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'string';
  if (isNumber(value)) return 'number';
  if (isList(value)) return 'array';
  return isDict(value) ? 'object' : 'unknown';
}

function requireType(name: string, value: Argument, allowed: readonly Type[]): void {
  const actual = jmespathType(value);
  if (!allowed.some((type) => type.split('-')[0] === actual))
    throw typeError(name, value, actual, allowed);
  const elements = allowed.flatMap((type) => type.split('-')[1] ?? []);
  if (elements.length === 0 || !isList(value as Value)) return;
  const list = value as Value[];
  const [first] = list;
  if (first === undefined) return;
  const wanted = elements.length === 1 ? elements[0] : jmespathType(first);
  for (const item of list)
    if (jmespathType(item) !== wanted || !elements.includes(wanted))
      throw typeError(name, item, typeName(item), allowed);
}

const typeError = (
  name: string,
  value: Argument,
  actual: string,
  allowed: readonly string[],
): QueryError =>
  new QueryError(
    `In function ${name}(), invalid type for value: ${value instanceof Expression ? 'expression' : str(value)}, expected one of: ${repr([...allowed])}, received: "${actual}"`,
  );

function order(left: Value, right: Value): number {
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (isNumber(left) && isNumber(right)) return left < right ? -1 : left > right ? 1 : 0;
  throw new QueryError(
    `'<' not supported between instances of '${typeName(right)}' and '${typeName(left)}'`,
  );
}

/** The first of the greatest (1) or least (-1) items. */
function best(items: readonly Value[], key: (item: Value) => Value, sign: 1 | -1): Value {
  let [found, foundKey]: [Value, Value] = [null, null];
  for (const [index, item] of items.entries()) {
    const itemKey = key(item);
    if (index === 0 || sign * order(itemKey, foundKey) > 0) [found, foundKey] = [item, itemKey];
  }
  return found;
}

function keyOf(
  by: Expression,
  name: string,
  allowed: readonly string[] = ['number', 'string'],
): (item: Value) => Value {
  return (item) => {
    const key = by.apply(item);
    if (!allowed.includes(jmespathType(key)))
      throw typeError(name, key, jmespathType(key), allowed);
    return key;
  };
}

function sortBy(items: Value[], by: Expression): Value {
  const [first] = items;
  if (first === undefined) return items;
  const type = jmespathType(by.apply(first));
  if (type !== 'number' && type !== 'string')
    throw typeError('sort_by', first, type, ['string', 'number']);
  const key = keyOf(by, 'sort_by', [type]);
  return items
    .map((item) => ({ item, key: key(item) }))
    .toSorted((a, b) => order(a.key, b.key))
    .map(({ item }) => item);
}

function sum(items: readonly Num[]): Num {
  if (items.every((item) => typeof item === 'bigint')) return items.reduce((a, b) => a + b, 0n);
  return items.reduce<number>((total, item) => total + Number(item), 0);
}

const whole = (of: Num, round: (value: number) => number): bigint =>
  typeof of === 'bigint' ? of : BigInt(round(of));

function contains(subject: Value[] | string, search: Value): boolean {
  if (typeof subject !== 'string') return subject.some((item) => equal(item, search));
  if (typeof search === 'string') return subject.includes(search);
  throw new QueryError(`'in <string>' requires string as left operand, not ${typeName(search)}`);
}

function length(of: string | Value[] | Dict): bigint {
  return BigInt(typeof of === 'string' ? codePoints(of).length : isDict(of) ? of.size : of.length);
}

function toNumber(of: Value): Value {
  if (isNumber(of)) return of;
  return typeof of === 'string' ? (parseInteger(of) ?? parseFloat64(of) ?? null) : null;
}
