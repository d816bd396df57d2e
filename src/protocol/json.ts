import { ApiError } from '../errors.js';
import { isOperationName, type OperationName } from '../model/operations.js';

const TARGET_PREFIX = 'RekognitionService.';

/** A parsed JSON object. Its members are data: read them with `Object.hasOwn`. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The operation an X-Amz-Target header names; undefined where it names none of ours. */
export function operationOf(target: string | undefined): OperationName | undefined {
  if (target?.startsWith(TARGET_PREFIX) !== true) return undefined;
  const name = target.slice(TARGET_PREFIX.length);
  return isOperationName(name) ? name : undefined;
}

/**
 * Parses a request body. Not UTF-8, not JSON or not an object: SerializationException without a text,
 * as the real front end answers. Of two members with one name the last counts, as in Java.
 */
export function parseBody(body: Uint8Array): JsonObject {
  const value = parse(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ApiError('SerializationException');
  return value as JsonObject;
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch (error) {
    throw new ApiError('SerializationException', '', { cause: error });
  }
}
