import { STATUS_CODES } from 'node:http';
import type { Members, Shape } from '../../model/shapes.js';
import { CommandError, ServiceError } from '../errors.js';
import { JsonSyntaxError, readJson } from '../python/json-reader.js';
import { str } from '../python/repr.js';
import { codePoints, type Dict, isDict, isList, typeName, type Value } from '../python/value.js';
import { readTimestamp } from './timestamp.js';

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface ReplyOptions {
  /** Timestamps stay what they were on the wire. */
  readonly wireTimestamps: boolean;
}

/** What a reply of this shape says: members in model order, unknown and null ones dropped. */
export function parseReply(reply: HttpReply, shape: Shape, options: ReplyOptions): Dict {
  const body = readBody(reply.body);
  if (body === null) throw new CommandError("argument of type 'NoneType' is not iterable");
  const value = parseShape(body, shape, options);
  return isDict(value) ? value : new Map();
}

/** A body that is no JSON becomes a message, also in a good reply. */
function readBody(body: string): Value {
  if (body === '') return new Map();
  try {
    return readJson(body);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return new Map([['message', body]]);
    throw error;
  }
}

function parseShape(value: Value, shape: Shape, options: ReplyOptions): Value {
  switch (shape.kind) {
    case 'structure':
      return parseStructure(value, shape.members, options);
    case 'list':
      return elementsOf(value).map((item) => parseShape(item, shape.of, options));
    case 'map':
      if (!isDict(value)) throw lacks(value, 'items');
      return new Map(
        [...value].map(([key, item]) => [key, parseShape(item, shape.value, options)]),
      );
    case 'timestamp':
      return options.wireTimestamps ? value : readTimestamp(value);
    case 'string':
    case 'enum':
    case 'integer':
    case 'long':
    case 'float':
    case 'boolean':
    case 'blob':
      break;
  }
  return value;
}

function parseStructure(value: Value, members: Members, options: ReplyOptions): Value {
  if (value === null) return null;
  const result: Dict = new Map();
  // Python asks for members only: without any, whatever came is as good as nothing.
  if (Object.keys(members).length === 0) return result;
  if (!isDict(value)) throw lacks(value, 'get');
  for (const [name, { shape }] of Object.entries(members)) {
    const raw = value.get(name) ?? null;
    if (raw !== null) result.set(name, parseShape(raw, shape, options));
  }
  return result;
}

/** Python goes through a dict by its keys and through a text by its letters. */
function elementsOf(value: Value): Value[] {
  if (isList(value)) return value;
  if (isDict(value)) return [...value.keys()];
  if (typeof value === 'string') return codePoints(value);
  throw new CommandError(`'${typeName(value)}' object is not iterable`);
}

const lacks = (value: Value, attribute: string): CommandError =>
  new CommandError(`'${typeName(value)}' object has no attribute '${attribute}'`);

/** The error a reply reports: its code and message. */
export interface ReplyError {
  readonly code: string;
  readonly message: Value;
  readonly type?: string;
}

export function parseErrorReply({ status, headers, body }: HttpReply): ReplyError {
  if (status >= 500 && (body.trim() === '' || body.trim().startsWith('<html>')))
    return { code: String(status), message: STATUS_CODES[status] ?? '' };
  const parsed = readBody(body);
  if (!isDict(parsed)) throw lacks(parsed, 'get');
  const named = ['message', 'Message'].find((name) => parsed.has(name));
  const message = named === undefined ? '' : (parsed.get(named) ?? null);
  const [fromHeader, type] = (headers['x-amzn-query-error'] ?? '').split(';');
  if (fromHeader !== undefined && fromHeader !== '' && type !== undefined)
    return { code: fromHeader, message, type };
  const given = parsed.get('__type');
  // A code of null is none, and an empty one is empty.
  const code = given === undefined ? String(status) : given === null ? '' : str(given);
  return { code: (code.split(':')[0] ?? '').split('#').at(-1) ?? '', message };
}

/** How the user sees it; `retries` where no attempt was left. */
export function serviceError(
  error: ReplyError,
  operation: string,
  retries: number | undefined,
): ServiceError {
  const reached = retries === undefined ? '' : ` (reached max retries: ${retries})`;
  return new ServiceError(
    `An error occurred (${error.code}) when calling the ${operation} operation${reached}: ${str(error.message)}`,
    new Map<string, Value>([
      ['Message', error.message],
      ['Code', error.code],
      ...(error.type === undefined ? [] : [['Type', error.type] as const]),
    ]),
  );
}
