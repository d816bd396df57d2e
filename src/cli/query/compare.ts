import { type Dict, isDict, isList, type Value } from '../python/value.js';

/** An expression handed to a function: `&Confidence`. */
export class Expression {
  readonly apply: (value: Value) => Value;

  constructor(apply: (value: Value) => Value) {
    this.apply = apply;
  }
}

export const isNumber = (value: unknown): value is bigint | number =>
  typeof value === 'bigint' || typeof value === 'number';

/** Python's equality, where 1 == 1.0, but not JMESPath's true == 1. */
export function equal(left: Value, right: Value): boolean {
  // oxlint-disable-next-line eqeqeq -- A bigint and a number of the same value are equal in Python.
  if (isNumber(left) && isNumber(right)) return left == right;
  if (isList(left) && isList(right))
    return (
      left.length === right.length && left.every((item, index) => equal(item, right[index] ?? null))
    );
  if (isDict(left) && isDict(right)) return equalDicts(left, right);
  return left === right;
}

const equalDicts = (left: Dict, right: Dict): boolean =>
  left.size === right.size &&
  [...left].every(([key, item]) => {
    const other = right.get(key);
    return other !== undefined && equal(item, other);
  });
