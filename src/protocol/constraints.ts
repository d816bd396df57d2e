import type { Shape } from '../model/shapes.js';

/** One rule of a shape: the phrase AWS prints, and whether a parsed value keeps it. */
export interface Constraint {
  readonly phrase: string;
  readonly holds: (value: unknown) => boolean;
}

export const NOT_NULL: Constraint = {
  phrase: 'Member must not be null',
  holds: (value) => value !== undefined && value !== null,
};

/**
 * The rules of a shape itself, not of what it contains, in the order AWS lists them (contract section 2).
 * The same data gives the validator its checks, messages their texts and tests their probes.
 */
export function constraintsOf(shape: Shape): Constraint[] {
  switch (shape.kind) {
    case 'string':
      return [...lengths(shape), ...(shape.pattern === undefined ? [] : [matches(shape.pattern)])];
    case 'blob':
    case 'list':
    case 'map':
      return lengths(shape);
    case 'enum':
      return [oneOf(shape.values)];
    case 'integer':
    case 'long':
    case 'float':
      return range(shape);
    case 'boolean':
    case 'timestamp':
    case 'structure':
    default:
      return [];
  }
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

function lengths({ min, max }: Bounds): Constraint[] {
  const rules: Constraint[] = [];
  if (max !== undefined)
    rules.push({
      phrase: `Member must have length less than or equal to ${max}`,
      holds: (value) => lengthOf(value) <= max,
    });
  if (min !== undefined)
    rules.push({
      phrase: `Member must have length greater than or equal to ${min}`,
      holds: (value) => lengthOf(value) >= min,
    });
  return rules;
}

function range({ min, max }: Bounds): Constraint[] {
  const rules: Constraint[] = [];
  if (min !== undefined)
    rules.push({
      phrase: `Member must have value greater than or equal to ${min}`,
      holds: (value) => (value as number) >= min,
    });
  if (max !== undefined)
    rules.push({
      phrase: `Member must have value less than or equal to ${max}`,
      holds: (value) => (value as number) <= max,
    });
  return rules;
}

function matches(pattern: string): Constraint {
  const whole = new RegExp(`^(?:${pattern})$`, 'u');
  return {
    phrase: `Member must satisfy regular expression pattern: ${pattern}`,
    holds: (value) => whole.test(value as string),
  };
}

const oneOf = (values: readonly string[]): Constraint => ({
  phrase: `Member must satisfy enum value set: [${values.join(', ')}]`,
  holds: (value) => values.includes(value as string),
});

const HIGH_SURROGATES = /[\uD800-\uDBFF]/g;

/** Characters of a string (Smithy counts Unicode scalar values), bytes of a blob, entries of a list or map. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return value.length - (value.match(HIGH_SURROGATES)?.length ?? 0);
  if (value instanceof Uint8Array || Array.isArray(value)) return value.length;
  return Object.keys(value as object).length;
}
