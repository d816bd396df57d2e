import type { Shape, StructureShape } from '../../src/model/shapes.js';
import type { Json } from './probes.js';

/** AWS lists no more faults than this, and counts only the ones it lists. */
const LISTED = 10;

/**
 * The text of the ValidationException for a JSON input whose types are right; undefined where it keeps
 * every constraint. Written from the contract's section 2 alone, and slowly: the oracle for the validator.
 */
export function expectedText(shape: StructureShape, input: Json): string | undefined {
  const faults = structureFaults(shape, input, '').slice(0, LISTED);
  if (faults.length === 0) return undefined;
  return `${faults.length} validation error${faults.length === 1 ? '' : 's'} detected: ${faults.join('; ')}`;
}

const fault = (printed: string, path: string, phrase: string): string =>
  `Value ${printed} at '${path}' failed to satisfy constraint: ${phrase}`;

function structureFaults({ members }: StructureShape, input: Json, prefix: string): string[] {
  return Object.entries(members).flatMap(([name, { shape, required }]) => {
    const path = prefix + name.charAt(0).toLowerCase() + name.slice(1);
    const value = input[name];
    if (value === undefined || value === null)
      return required ? [fault('null', path, 'Member must not be null')] : [];
    const printed = `'${print(shape, value)}'`;
    return [
      ...rules(shape)
        .filter(({ keeps }) => !keeps(value))
        .map(({ phrase }) => fault(printed, path, phrase)),
      ...(shape.kind === 'structure' ? structureFaults(shape, value as Json, `${path}.`) : []),
      ...elementPhrases(shape, value).map((phrase) => fault(printed, path, phrase)),
    ];
  });
}

/** Elements with rules of their own are judged together, keys and values of maps apart. */
function elementPhrases(shape: Shape, value: unknown): string[] {
  if (shape.kind === 'list') return together('Member', shape.of, value as unknown[]);
  if (shape.kind !== 'map') return [];
  return [
    ...together('Map keys', shape.key, Object.keys(value as Json)),
    ...together('Map value', shape.value, Object.values(value as Json)),
  ];
}

function together(what: string, of: Shape, elements: unknown[]): string[] {
  const all = rules(of);
  if (elements.every((element) => all.every(({ keeps }) => keeps(element)))) return [];
  return [`${what} must satisfy constraint: [${all.map(({ phrase }) => phrase).join(', ')}]`];
}

interface Rule {
  phrase: string;
  keeps: (value: unknown) => boolean;
}

function rules(shape: Shape): Rule[] {
  if (shape.kind === 'enum')
    return [
      {
        phrase: `Member must satisfy enum value set: [${shape.values.join(', ')}]`,
        keeps: (value) => shape.values.some((known) => known === value),
      },
    ];
  const { min, max } = shape as { min?: number; max?: number };
  const number = shape.kind === 'integer' || shape.kind === 'long' || shape.kind === 'float';
  const what = number ? 'value' : 'length';
  const size = (value: unknown): number => (number ? (value as number) : count(shape, value));
  const atLeast = min !== undefined && {
    phrase: `Member must have ${what} greater than or equal to ${min}`,
    keeps: (value: unknown) => size(value) >= min,
  };
  const atMost = max !== undefined && {
    phrase: `Member must have ${what} less than or equal to ${max}`,
    keeps: (value: unknown) => size(value) <= max,
  };
  const pattern = shape.kind === 'string' && shape.pattern;
  const matches = pattern !== false &&
    pattern !== undefined && {
      phrase: `Member must satisfy regular expression pattern: ${pattern}`,
      keeps: (value: unknown) => new RegExp(pattern, 'u').exec(String(value))?.[0] === value,
    };
  return (number ? [atLeast, atMost] : [atMost, atLeast, matches]).filter((rule) => rule !== false);
}

function count(shape: Shape, value: unknown): number {
  if (shape.kind === 'blob') return Buffer.from(String(value), 'base64').length;
  return typeof value === 'string' ? Array.from(value).length : Object.keys(value as object).length;
}

function print(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case 'blob': {
      const length = count(shape, value);
      return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`;
    }
    case 'float':
      return Number.isInteger(value) ? `${String(value)}.0` : String(value);
    case 'list':
      return `[${(value as unknown[]).join(', ')}]`;
    case 'map':
      return `{${Object.entries(value as Json)
        .map((entry) => entry.join('='))
        .join(', ')}}`;
    case 'string':
    case 'enum':
    case 'integer':
    case 'long':
    case 'boolean':
    case 'timestamp':
    case 'structure':
    default:
      return String(value);
  }
}
