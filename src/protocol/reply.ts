import { type ApiError, ERRORS } from '../errors.js';
import type { Shape, StructureShape } from '../model/shapes.js';
import { javaDouble } from './java-number.js';

/**
 * Writes a reply body after its shape: members in model order, undefined and null ones left out, floats
 * widened from float32 with a decimal point, timestamps as epoch seconds, blobs as base64. An operation
 * whose output has no members answers with an empty body. A value that does not fit its shape is a bug
 * of ours and throws a plain Error that names the place.
 */
export function writeReply(shape: StructureShape, output: object): string {
  return Object.keys(shape.members).length === 0 ? '' : write(shape, output, '');
}

function write(shape: Shape, value: unknown, path: string): string {
  switch (shape.kind) {
    case 'string':
    case 'enum':
      if (typeof value === 'string') return JSON.stringify(value);
      break;
    case 'integer':
    case 'long':
      if (Number.isSafeInteger(value)) return String(value);
      break;
    case 'float':
      if (isFinite(value)) return javaDouble(Math.fround(value));
      break;
    case 'timestamp':
      if (isFinite(value)) return javaDouble(Math.round(value) / 1000);
      break;
    case 'boolean':
      if (typeof value === 'boolean') return String(value);
      break;
    case 'blob':
      if (value instanceof Uint8Array) return JSON.stringify(base64(value));
      break;
    case 'list':
      if (Array.isArray(value))
        return `[${value.map((item, index) => write(shape.of, item, `${path}[${index}]`)).join(',')}]`;
      break;
    case 'map':
      if (isObject(value)) return writeMap(shape.value, value, path);
      break;
    case 'structure':
      if (isObject(value)) return writeStructure(shape, value, path);
      break;
  }
  throw new Error(
    `reply member ${path || '(whole)'} should be a ${shape.kind}, got ${show(value)}`,
  );
}

function writeStructure(
  shape: StructureShape,
  value: Readonly<Record<string, unknown>>,
  path: string,
): string {
  const parts: string[] = [];
  for (const [name, member] of Object.entries(shape.members)) {
    const item = Object.hasOwn(value, name) ? value[name] : undefined;
    if (item !== undefined && item !== null)
      parts.push(`${JSON.stringify(name)}:${write(member.shape, item, `${path}.${name}`)}`);
  }
  return `{${parts.join(',')}}`;
}

function writeMap(of: Shape, value: Readonly<Record<string, unknown>>, path: string): string {
  const parts = Object.entries(value).map(
    ([key, item]) => `${JSON.stringify(key)}:${write(of, item, `${path}.${key}`)}`,
  );
  return `{${parts.join(',')}}`;
}

const isFinite = (value: unknown): value is number => Number.isFinite(value);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

const show = (value: unknown): string =>
  typeof value === 'number' || value === null ? String(value) : typeof value;

/**
 * The body of an error (contract section 4). Errors of the service carry Code, Logref and Message; those
 * of the front end carry a lower-case message, but SerializationException a capital one, and none at
 * all where there is nothing to say. `requestId` becomes the Logref, so that an operator finds the log line.
 */
export function writeError({ code, message }: ApiError, requestId: string): string {
  if (ERRORS[code].origin === 'service')
    return JSON.stringify({ __type: code, Code: code, Logref: requestId, Message: message });
  if (message === '') return JSON.stringify({ __type: code });
  return JSON.stringify(
    code === 'SerializationException'
      ? { __type: code, Message: message }
      : { __type: code, message },
  );
}
