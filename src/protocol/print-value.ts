import type { Shape } from '../model/shapes.js';
import { javaFloat } from './java-number.js';

/**
 * Longest value an error message shows, in characters. AWS prints values whole; without a bound ten
 * faults of one huge list would multiply a request sixteenfold. A list of 4,096 face ids still fits.
 */
const MAX_PRINTED = 262_144;

/** A value cut to what an error message may show. */
export const clip = (text: string): string =>
  text.length <= MAX_PRINTED ? text : `${text.slice(0, MAX_PRINTED)}...`;

/** A parsed value as Java's `toString` shows it in validation texts, without quotes. */
export const printValue = (shape: Shape, value: unknown): string => clip(print(shape, value));

function print(shape: Shape, value: unknown): string {
  if (value === null || value === undefined) return 'null';
  switch (shape.kind) {
    case 'blob': {
      const { length } = value as Uint8Array;
      return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`;
    }
    case 'float':
      return javaFloat(value as number);
    case 'list':
      return `[${(value as unknown[]).map((item) => print(shape.of, item)).join(', ')}]`;
    case 'map':
      return `{${entries(value)
        .map(([key, item]) => `${key}=${print(shape.value, item)}`)
        .join(', ')}}`;
    case 'structure':
      return `{${entries(value)
        .map(([key, item]) => {
          const member = shape.members[key];
          return `${key}=${member ? print(member.shape, item) : ''}`;
        })
        .join(', ')}}`;
    case 'string':
    case 'enum':
    case 'integer':
    case 'long':
    case 'boolean':
    case 'timestamp':
    default:
      return (value as string | number | boolean).toString();
  }
}

const entries = (value: unknown): [string, unknown][] => Object.entries(value as object);
