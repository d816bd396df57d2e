import { ApiError } from '../errors.js';
import type { ListShape, MapShape, NumberShape, Shape, StructureShape } from '../model/shapes.js';
import { decodeBlob } from './blob.js';
import type { JsonObject } from './json.js';

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;

const START_OF_LIST = 'Start of list found where not expected';
const START_OF_STRUCTURE = 'Start of structure or map found where not expected.';
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Brings a JSON body into the types of an input shape (contract section 2 step 9). Members the model does
 * not know and nulls are dropped; a wrong type is a SerializationException with the real front end's text.
 * Only members the model names are read, so nothing else of the body can reach a handler, and the depth
 * of the work is the model's, whatever the body's. The result still has to be validated.
 */
export function parseInput(shape: StructureShape, body: JsonObject): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(shape.members)) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    if (value !== undefined && value !== null) result[name] = parseValue(member.shape, value);
  }
  return result;
}

function parseValue(shape: Shape, value: unknown): unknown {
  switch (shape.kind) {
    case 'string':
    case 'enum':
      return parseString(value);
    case 'integer':
    case 'long':
    case 'float':
    case 'timestamp':
      return parseNumber(shape.kind, value);
    case 'boolean':
      return typeof value === 'boolean' ? value : refuseScalar(value, 'an Boolean');
    case 'blob':
      return typeof value === 'string' ? decodeBlob(value) : refuseScalar(value, 'a Blob');
    case 'list':
      return parseList(shape, value);
    case 'map':
      return parseMap(shape, value);
    case 'structure':
    default:
      if (Array.isArray(value)) return refuse(START_OF_LIST);
      return isObject(value) ? parseInput(shape, value) : refuse('Expected null');
  }
}

function parseString(value: unknown): string {
  if (typeof value !== 'string') return refuseScalar(value, 'an String');
  // Half a surrogate pair is no Unicode text: no store would give it back unchanged.
  if (LONE_SURROGATE.test(value)) throw new ApiError('SerializationException');
  return value;
}

const JAVA_NUMBER = {
  integer: 'Integer',
  long: 'Long',
  float: 'Float',
  timestamp: 'Date',
} as const;

function parseNumber(kind: NumberShape['kind'] | 'timestamp', value: unknown): number {
  if (typeof value !== 'number') return refuseScalar(value, `an ${JAVA_NUMBER[kind]}`);
  switch (kind) {
    case 'integer':
      return Math.min(INT32_MAX, Math.max(INT32_MIN, Math.floor(value)));
    case 'long':
      return Math.min(
        Number.MAX_SAFE_INTEGER,
        Math.max(Number.MIN_SAFE_INTEGER, Math.floor(value)),
      );
    case 'float':
      return Math.fround(value);
    case 'timestamp':
    default:
      return Math.round(value * 1000);
  }
}

/** Nulls stay in a list, for the validator to refuse: dropping one would shift its neighbours. */
function parseList(shape: ListShape, value: unknown): unknown[] {
  if (!Array.isArray(value))
    return refuse(isObject(value) ? START_OF_STRUCTURE : 'Expected list or null');
  return value.map((item: unknown) => (item === null ? null : parseValue(shape.of, item)));
}

function parseMap(shape: MapShape, value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) return refuse(START_OF_LIST);
  if (!isObject(value)) return refuse('Expected map or null');
  // fromEntries defines own members, so that a key called __proto__ stays an ordinary key.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      parseString(key),
      item === null ? null : parseValue(shape.value, item),
    ]),
  );
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function refuseScalar(value: unknown, wanted: string): never {
  if (Array.isArray(value)) return refuse(START_OF_LIST);
  if (typeof value === 'object') return refuse(START_OF_STRUCTURE);
  return refuse(`class ${javaClass(value)} can not be converted to ${wanted}`);
}

function javaClass(value: unknown): string {
  if (typeof value === 'number') return 'com.amazon.coral.value.json.numbers.TruncatingBigNumber';
  return typeof value === 'boolean' ? 'java.lang.Boolean' : 'java.lang.String';
}

function refuse(text: string): never {
  throw new ApiError('SerializationException', text);
}
