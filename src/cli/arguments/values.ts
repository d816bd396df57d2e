import type { ListShape, Shape } from '../../model/shapes.js';
import { optionError } from '../errors.js';
import type { Place } from '../io.js';
import { JsonSyntaxError, readOrderedJson } from '../python/json-reader.js';
import { integerOrError } from '../python/numbers.js';
import { codePoints, isDict, isList, type Value } from '../python/value.js';
import type { ParsedValue } from './argparse.js';
import { loadParameterFile, ParameterFileError } from './parameter-file.js';
import { parseShorthand } from './shorthand.js';

/** An option as given and what is needed to read it. */
export interface OptionContext {
  /** Such as `--face-ids`. */
  readonly option: string;
  readonly place: Place;
}

/** The contents of the file a value names by `file://` or `fileb://`, else the value. */
export function loadValue(value: ParsedValue, { option, place }: OptionContext): Value {
  const [first] =
    Array.isArray(value) && value.length === 1 ? (value as readonly ParsedValue[]) : [value];
  const only = first ?? value;
  if (typeof only !== 'string') return only as Value;
  try {
    return loadParameterFile(only, place) ?? (value as Value);
  } catch (error) {
    if (error instanceof ParameterFileError) throw optionError(option, error.message);
    throw error;
  }
}

/** The value of an input member from what the command line gave for it. */
export function readMember(shape: Shape, value: Value, context: OptionContext): Value {
  const isComplex = shape.kind === 'structure' || shape.kind === 'map';
  if (isComplex && typeof value === 'string' && !/^\s*[[{]/.test(value)) {
    const parsed = parseShorthand(value, context.option, context.place);
    return wrapLists(shape, parsed);
  }
  return unpack(shape, value, context);
}

function unpack(shape: Shape, value: Value, context: OptionContext): Value {
  switch (shape.kind) {
    case 'structure':
    case 'map':
      if (typeof value !== 'string') throw new TypeError(`cannot read ${context.option}`);
      if (/^\s*\{/.test(value)) return parseJson(value, context);
      throw optionError(context.option, `Invalid JSON:\n${value}`);
    case 'list':
      return unpackList(shape, value, context);
    case 'integer':
    case 'long':
      return typeof value === 'string' ? integerOrError(value) : value;
    case 'string':
    case 'enum':
    case 'float':
    case 'boolean':
    case 'blob':
    case 'timestamp':
      break;
  }
  return value;
}

/** One value that begins with `[` is JSON; otherwise every word is an element. */
function unpackList(shape: ListShape, value: Value, context: OptionContext): Value {
  const only = isList(value) && value.length === 1 ? value[0] : value;
  if (typeof only === 'string' && /^\s*\[/.test(only)) return parseJson(only, context);
  // Python goes through a text letter by letter, and through bytes number by number.
  const elements: Value[] = isList(value)
    ? value
    : value instanceof Uint8Array
      ? [...value].map(BigInt)
      : codePoints(value as string);
  return elements.map((element) => unpack(shape.of, element, context));
}

function parseJson(text: string, { option }: OptionContext): Value {
  try {
    return readOrderedJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw optionError(option, `Invalid JSON: ${error.message}\nJSON received: ${text}`);
  }
}

/** In shorthand `a` stands for `[a]` where a list is meant. Changes the parsed value. */
function wrapLists(shape: Shape, value: Value): Value {
  if (shape.kind === 'list') {
    const elements = isList(value) ? value : [value];
    return elements.map((element) => wrapLists(shape.of, element));
  }
  if (!isDict(value)) return value;
  if (shape.kind === 'map')
    for (const [key, item] of value) value.set(key, wrapLists(shape.value, item));
  if (shape.kind === 'structure')
    for (const [name, member] of Object.entries(shape.members)) {
      const item = value.get(name);
      if (item !== undefined) value.set(name, wrapLists(member.shape, item));
    }
  return value;
}
