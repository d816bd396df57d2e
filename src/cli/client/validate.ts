import type { Members, Shape, StructureShape } from '../../model/shapes.js';
import { parameterError } from '../errors.js';
import { str } from '../python/repr.js';
import {
  codePoints,
  type Dict,
  isDict,
  isList,
  Moment,
  typeName,
  type Value,
} from '../python/value.js';

/**
 * Checks parameters before anything is sent, as the AWS CLI does: types, required and unknown members,
 * lower bounds. Upper bounds, patterns and closed sets are the service's to judge. Throws one error that
 * lists every fault, in the order of the parameters given.
 */
export function validateParameters(parameters: Dict, shape: StructureShape): void {
  const faults = [...structureFaults(parameters, shape, '')];
  if (faults.length > 0)
    throw parameterError(['Parameter validation failed:', ...faults].join('\n'));
}

/** The Python types that pass for each kind, as its error messages name them. */
const PASSES: Readonly<Record<Shape['kind'], readonly string[]>> = {
  string: ['str'],
  enum: ['str'],
  integer: ['int'],
  long: ['int'],
  float: ['float', 'decimal.Decimal', 'int'],
  boolean: ['bool'],
  blob: ['bytes', 'bytearray', 'str'],
  timestamp: ['datetime.datetime', 'datetime.date', 'str', 'int', 'float'],
  list: ['list', 'tuple'],
  map: ['dict'],
  structure: ['dict'],
};

function* faultsOf(value: Value, shape: Shape, path: string): Generator<string> {
  const type = typeName(value);
  const passes = PASSES[shape.kind];
  // A Python bool is an int as well, and an OrderedDict a dict.
  const isDerived =
    (type === 'bool' && passes.includes('int')) || (isDict(value) && passes.includes('dict'));
  if (!passes.includes(type) && !isDerived) {
    yield wrongType(value, shape, path);
    return;
  }
  if (shape.kind === 'structure') yield* structureFaults(value as Dict, shape, path);
  else if (shape.kind === 'map')
    for (const [key, item] of value as Dict) {
      yield* faultsOf(key, shape.key, `${path} (key: ${key})`);
      yield* faultsOf(item, shape.value, `${path}.${key}`);
    }
  else if (shape.kind === 'list') {
    yield* tooShort((value as Value[]).length, shape.min, path);
    for (const [index, item] of (value as Value[]).entries())
      yield* faultsOf(item, shape.of, `${path}[${index}]`);
  } else if (shape.kind === 'string')
    yield* tooShort(codePoints(value as string).length, shape.min, path);
  else if ('min' in shape && shape.kind !== 'blob' && Number(value) < (shape.min ?? -Infinity))
    yield `Invalid value for parameter ${named(path)}, value: ${str(value)}, valid min value: ${shape.min}`;
}

function* structureFaults(value: Dict, shape: StructureShape, path: string): Generator<string> {
  const members: Members = shape.members;
  for (const [name, { required }] of Object.entries(members))
    if (required && !value.has(name))
      yield `Missing required parameter in ${named(path)}: "${name}"`;
  for (const name of value.keys())
    if (!Object.hasOwn(members, name))
      yield `Unknown parameter in ${named(path)}: "${name}", must be one of: ${Object.keys(members).join(', ')}`;
  for (const [name, item] of value) {
    const member = Object.hasOwn(members, name) ? members[name] : undefined;
    if (member) yield* faultsOf(item, member.shape, `${path}.${name}`);
  }
}

function* tooShort(length: number, min: number | undefined, path: string): Generator<string> {
  if (min !== undefined && length < min)
    yield `Invalid length for parameter ${named(path)}, value: ${length}, valid min length: ${min}`;
}

function wrongType(value: Value, shape: Shape, path: string): string {
  const types =
    shape.kind === 'blob'
      ? ["<class 'bytes'>", "<class 'bytearray'>", 'file-like object']
      : PASSES[shape.kind].map((name) => `<class '${name}'>`);
  return `Invalid type for parameter ${named(path)}, value: ${str(value)}, type: <class '${typeName(value)}'>, valid types: ${types.join(', ')}`;
}

const named = (path: string): string =>
  path === '' ? 'input' : path.startsWith('.') ? path.slice(1) : path;

/** The body of a request: bytes as base64, what JSON cannot say of floats as text. */
export function toWire(value: Value, shape: Shape): Value {
  if (isDict(value)) {
    const members: Members = shape.kind === 'structure' ? shape.members : {};
    const of = shape.kind === 'map' ? shape.value : undefined;
    return new Map(
      [...value].map(([key, item]) => [key, toWire(item, of ?? members[key]?.shape ?? shape)]),
    );
  }
  if (isList(value))
    return value.map((item) => toWire(item, shape.kind === 'list' ? shape.of : shape));
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (shape.kind === 'blob' && typeof value === 'string')
    return Buffer.from(value, 'utf8').toString('base64');
  if (typeof value === 'number' && !Number.isFinite(value))
    return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  return value instanceof Moment ? value.iso : value;
}
