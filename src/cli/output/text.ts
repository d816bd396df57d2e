import { CommandError } from '../errors.js';
import { str } from '../python/repr.js';
import {
  compareText,
  type Dict,
  isDict,
  isList,
  isScalar,
  sortedKeys,
  typeName,
  type Value,
} from '../python/value.js';

/** Lines of words joined by tabs, as `--output text` prints them; keys sorted, names in capitals. */
export function* textLines(value: Value): Generator<string> {
  yield* item(value, undefined, undefined);
}

function* item(
  value: Value,
  name: string | undefined,
  columns: readonly string[] | undefined,
): Generator<string> {
  if (isDict(value)) yield* dict(value, name, columns);
  else if (isList(value)) yield* list(value, name);
  else yield `${str(value)}\n`;
}

function* list(values: readonly Value[], name: string | undefined): Generator<string> {
  if (values.length === 0) return;
  if (values.some(isDict)) {
    const columns = scalarKeys(values);
    for (const value of values) yield* item(value, name, columns);
  } else if (values.some(isList)) {
    const scalars = values.filter(isScalar);
    if (scalars.length > 0) yield* scalarList(scalars, name);
    for (const value of values) if (!isScalar(value)) yield* item(value, name, undefined);
  } else yield* scalarList(values, name);
}

function* scalarList(values: readonly Value[], name: string | undefined): Generator<string> {
  if (name === undefined) yield `${values.map(str).join('\t')}\n`;
  else for (const value of values) yield `${name.toUpperCase()}\t${str(value)}\n`;
}

function* dict(
  value: Dict,
  name: string | undefined,
  columns: readonly string[] | undefined,
): Generator<string> {
  const keys = sortedKeys(value);
  const scalars = columns ?? keys.filter((key) => isScalar(value.get(key)));
  const words = scalars.map((key) => str(value.get(key) ?? (value.has(key) ? null : '')));
  if (words.length > 0)
    yield `${[...(name === undefined ? [] : [name.toUpperCase()]), ...words].join('\t')}\n`;
  for (const key of keys)
    if (!scalars.includes(key)) yield* item(value.get(key) ?? null, key, undefined);
}

/** The columns of a list of dicts: every key that is a scalar in any of them. */
function scalarKeys(values: readonly Value[]): string[] {
  const keys = new Set<string>();
  for (const value of values) {
    if (!isDict(value))
      throw new CommandError(`'${typeName(value)}' object has no attribute 'items'`);
    for (const [key, member] of value) if (isScalar(member)) keys.add(key);
  }
  return [...keys].toSorted(compareText);
}
