import { compareText, isDict, isList, isTrue, typeName, type Value } from '../python/value.js';
import { Expression, equal, isNumber } from './compare.js';
import { callFunction } from './functions.js';
import { type Comparator, type Node, parseQuery } from './parser.js';

/** A compiled JMESPath expression. */
export interface Query {
  search(value: Value): Value;
}

/** Throws QueryError for an expression that cannot be read; `search` throws it for one that cannot be evaluated. */
export function compileQuery(expression: string): Query {
  const node = parseQuery(expression);
  return { search: (value) => visit(node, value) };
}

function visit(node: Node, value: Value): Value {
  switch (node.type) {
    case 'current':
      return value;
    case 'literal':
      return node.value;
    case 'field':
      return isDict(value) ? (value.get(node.name) ?? null) : null;
    case 'index':
      return isList(value) ? (value.at(node.index) ?? null) : null;
    case 'slice':
      return isList(value) ? slice(value, node.parts) : null;
    case 'chain':
      return visit(node.right, visit(node.left, value));
    case 'or':
    case 'and': {
      const left = visit(node.left, value);
      return isFalse(left) === (node.type === 'or') ? visit(node.right, value) : left;
    }
    case 'not': {
      const of = visit(node.of, value);
      return isNumber(of) ? false : !isTrue(of);
    }
    case 'compare':
      return compare(node.by, visit(node.left, value), visit(node.right, value));
    case 'list':
      return value === null ? null : node.items.map((item) => visit(item, value));
    case 'dict':
      return value === null
        ? null
        : new Map(node.items.map(([key, item]) => [key, visit(item, value)]));
    case 'expref':
      throw new TypeError('an expression reference stands outside of a function call');
    case 'call':
      return callFunction(
        node.name,
        node.args.map((argument) =>
          argument.type === 'expref'
            ? new Expression((item) => visit(argument.of, item))
            : visit(argument, value),
        ),
      );
    case 'flatten':
    case 'projection':
    case 'values':
    case 'filter':
      break;
  }
  return project(node, value);
}

type Projection = Extract<Node, { type: 'flatten' | 'projection' | 'values' | 'filter' }>;

function project(node: Projection, value: Value): Value {
  if (node.type === 'flatten') {
    const base = visit(node.of, value);
    return isList(base) ? base.flatMap((item) => (isList(item) ? item : [item])) : null;
  }
  const base = visit(node.left, value);
  const elements = node.type === 'values' ? (isDict(base) ? [...base.values()] : undefined) : base;
  if (elements === undefined || !isList(elements)) return null;
  return elements
    .filter((item) => node.type !== 'filter' || !isFalse(visit(node.condition, item)))
    .map((item) => visit(node.right, item))
    .filter((item) => item !== null);
}

/** JMESPath's own truth: zero is true. */
const isFalse = (value: Value): boolean => !isNumber(value) && !isTrue(value);

const SYMBOLS = { lt: '<', lte: '<=', gt: '>', gte: '>=' } as const;

function compare(by: Comparator, left: Value, right: Value): Value {
  if (by === 'eq') return equal(left, right);
  if (by === 'ne') return !equal(left, right);
  const order = orderOf(left, right, SYMBOLS[by]);
  if (order === undefined) return null;
  const holds = { lt: order < 0, lte: order <= 0, gt: order > 0, gte: order >= 0 };
  return holds[by];
}

const comparable = (value: Value): boolean => isNumber(value) || typeof value === 'string';

/** Below, at or above zero; undefined where Python's jmespath compares nothing, NaN where nothing holds. */
function orderOf(left: Value, right: Value, symbol: string): number | undefined {
  if (isNumber(left) && isNumber(right))
    return left < right ? -1 : left > right ? 1 : left == right ? 0 : Number.NaN;
  if (typeof left === 'string' && typeof right === 'string') return compareText(left, right);
  if (!comparable(left) || !comparable(right)) return undefined;
  throw new TypeError(
    `'${symbol}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
  );
}

/** Python's `list[start:stop:step]`. */
function slice(list: readonly Value[], parts: readonly (number | undefined)[]): Value[] {
  const [start, stop, step = 1] = parts;
  if (step === 0) throw new RangeError('slice step cannot be zero');
  const { length } = list;
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (bound: number | undefined, fallback: number): number => {
    if (bound === undefined) return fallback;
    const index = bound < 0 ? bound + length : bound;
    return Math.min(Math.max(index, low), high);
  };
  const from = clamp(start, step > 0 ? low : high);
  const to = clamp(stop, step > 0 ? high : low);
  const result: Value[] = [];
  for (let index = from; step > 0 ? index < to : index > to; index += step)
    result.push(list[index] ?? null);
  return result;
}
