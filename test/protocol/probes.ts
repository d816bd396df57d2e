import type { Shape, StructureShape } from '../../src/model/shapes.js';

/** A request that is just inside or just outside one constraint, and what a refusal says. */
export interface Probe {
  name: string;
  input: Record<string, unknown>;
  /** The text after the count; undefined: accepted. */
  fault: string | undefined;
}

interface Variation {
  name: string;
  value: unknown;
  /** `Value … at '<path>' failed to satisfy constraint: …` less path; undefined: accepted. */
  fault?: { printed: string; phrase: string };
}

/** Texts that satisfy the patterns of the model, by pattern: a generator of strings of a length. */
const UUID = '01234567-89ab-cdef-0123-456789abcdef';
const filler = (shape: Shape & { kind: 'string' }): ((length: number) => string) =>
  shape.pattern?.includes('{8}') ? () => UUID : (length) => 'a'.repeat(length);

const OUTSIDE_PATTERN = 'a b/é"';

/** A value that satisfies every constraint of a shape. */
export function validValue(shape: Shape): unknown {
  switch (shape.kind) {
    case 'string':
      return filler(shape)(Math.max(1, shape.min ?? 1));
    case 'enum':
      return shape.values[0];
    case 'integer':
    case 'long':
    case 'float':
      return shape.min ?? 0;
    case 'boolean':
      return true;
    case 'blob':
      return Buffer.alloc(shape.min ?? 0).toString('base64');
    case 'timestamp':
      return 0;
    case 'list':
      return Array.from({ length: shape.min ?? 0 }, () => validValue(shape.of));
    case 'map':
      return {};
    case 'structure':
      return validStructure(shape);
    default:
      return undefined;
  }
}

const validStructure = (shape: StructureShape): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(shape.members)
      .filter(([, member]) => member.required)
      .map(([name, member]) => [name, validValue(member.shape)]),
  );

/** Every constraint of an input shape, probed from both sides, at every depth. */
export function probesOf(shape: StructureShape): Probe[] {
  const base = validStructure(shape);
  return Object.entries(shape.members).flatMap(([name, member]) => {
    const path = lowerFirst(name);
    const probes: Probe[] = variationsOf(member.shape).map(({ name: what, value, fault }) => ({
      name: `${path}: ${what}`,
      input: { ...base, [name]: value },
      fault:
        fault &&
        `Value ${fault.printed} at '${path}' failed to satisfy constraint: ${fault.phrase}`,
    }));
    if (member.shape.kind === 'structure') probes.push(...nested(base, name, member.shape));
    if (member.required) {
      const { [name]: _, ...without } = base;
      probes.push({
        name: `${path}: left out`,
        input: without,
        fault: `Value null at '${path}' failed to satisfy constraint: Member must not be null`,
      });
    }
    return probes;
  });
}

const nested = (base: Record<string, unknown>, name: string, shape: StructureShape): Probe[] =>
  probesOf(shape).map((probe) => ({
    name: `${lowerFirst(name)}.${probe.name}`,
    input: { ...base, [name]: probe.input },
    fault: probe.fault?.replace(" at '", ` at '${lowerFirst(name)}.`),
  }));

function variationsOf(shape: Shape): Variation[] {
  switch (shape.kind) {
    case 'string': {
      const text = filler(shape);
      return [
        ...lengthVariations(shape, text, (value) => `'${value as string}'`),
        ...(shape.pattern === undefined
          ? []
          : [
              {
                name: 'outside the pattern',
                value: OUTSIDE_PATTERN,
                fault: {
                  printed: `'${OUTSIDE_PATTERN}'`,
                  phrase: `Member must satisfy regular expression pattern: ${shape.pattern}`,
                },
              },
            ]),
      ];
    }
    case 'enum':
      return [
        ...shape.values.map((value) => ({ name: value, value })),
        {
          name: 'no value of the set',
          value: 'default',
          fault: {
            printed: "'default'",
            phrase: `Member must satisfy enum value set: [${shape.values.join(', ')}]`,
          },
        },
      ];
    case 'integer':
    case 'long':
    case 'float':
      return rangeVariations(shape);
    case 'blob':
      return lengthVariations(
        shape,
        (length) => Buffer.alloc(length).toString('base64'),
        (_, length) => `'java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]'`,
      );
    case 'list': {
      const item = validValue(shape.of);
      return [
        ...lengthVariations(
          shape,
          (length) => Array.from({ length }, () => item),
          (value) => `'[${(value as unknown[]).join(', ')}]'`,
        ),
        ...elementVariations(shape.of, 'Member', (value) => ({
          value: [item, value],
          printed: `'[${String(item)}, ${String(value)}]'`,
        })),
      ];
    }
    case 'map':
      return [
        ...lengthVariations(
          shape,
          (length) => Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, 'v'])),
          (value) =>
            `'{${Object.entries(value as object)
              .map((entry) => entry.join('='))
              .join(', ')}}'`,
        ),
        ...elementVariations(shape.key, 'Map keys', (key) => ({
          value: { [String(key)]: 'v' },
          printed: `'{${String(key)}=v}'`,
        })),
        ...elementVariations(shape.value, 'Map value', (value) => ({
          value: { k: value },
          printed: `'{k=${String(value)}}'`,
        })),
      ];
    case 'boolean':
    case 'timestamp':
    case 'structure':
    default:
      return [];
  }
}

function lengthVariations(
  { min, max }: { min?: number; max?: number },
  make: (length: number) => unknown,
  print: (value: unknown, length: number) => string,
): Variation[] {
  const at = (length: number, phrase?: string): Variation => {
    const value = make(length);
    return {
      name: `length ${length}`,
      value,
      ...(phrase !== undefined && { fault: { printed: print(value, length), phrase } }),
    };
  };
  return [
    ...(max === undefined
      ? []
      : [at(max), at(max + 1, `Member must have length less than or equal to ${max}`)]),
    ...(min === undefined ? [] : [at(min)]),
    ...(min === undefined || min === 0
      ? []
      : [at(min - 1, `Member must have length greater than or equal to ${min}`)]),
  ];
}

function rangeVariations(shape: Shape & { kind: 'integer' | 'long' | 'float' }): Variation[] {
  const { min, max } = shape;
  const float = shape.kind === 'float';
  const step = float ? 0.5 : 1;
  const print = (value: number): string =>
    `'${float && Number.isInteger(value) ? `${value}.0` : value}'`;
  return [
    ...(min === undefined
      ? []
      : [
          { name: `value ${min}`, value: min },
          {
            name: `value ${min - step}`,
            value: min - step,
            fault: {
              printed: print(min - step),
              phrase: `Member must have value greater than or equal to ${min}`,
            },
          },
        ]),
    ...(max === undefined
      ? []
      : [
          { name: `value ${max}`, value: max },
          {
            name: `value ${max + step}`,
            value: max + step,
            fault: {
              printed: print(max + step),
              phrase: `Member must have value less than or equal to ${max}`,
            },
          },
        ]),
  ];
}

/** The same rules on an element: the fault shows the whole container and names every rule. */
function elementVariations(
  shape: Shape,
  what: string,
  inside: (element: unknown) => { value: unknown; printed: string },
): Variation[] {
  const phrases = elementPhrases(shape);
  return variationsOf(shape).map(({ name, value: element, fault }) => {
    const { value, printed } = inside(element);
    return {
      name: `element of ${name}`,
      value,
      ...(fault && {
        fault: { printed, phrase: `${what} must satisfy constraint: [${phrases.join(', ')}]` },
      }),
    };
  });
}

function elementPhrases(shape: Shape): string[] {
  if (shape.kind === 'enum')
    return [`Member must satisfy enum value set: [${shape.values.join(', ')}]`];
  if (shape.kind !== 'string') return [];
  return [
    ...(shape.max === undefined
      ? []
      : [`Member must have length less than or equal to ${shape.max}`]),
    ...(shape.min === undefined
      ? []
      : [`Member must have length greater than or equal to ${shape.min}`]),
    ...(shape.pattern === undefined
      ? []
      : [`Member must satisfy regular expression pattern: ${shape.pattern}`]),
  ];
}

const lowerFirst = (name: string): string => `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
