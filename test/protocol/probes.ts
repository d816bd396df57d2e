import type { Shape, StructureShape } from '../../src/model/shapes.js';
import { PATTERN_TEXTS } from './patterns.js';

export type Json = Record<string, unknown>;

/** One constraint of an input shape, with values just inside and just outside of it, each in a whole input. */
export interface Probe {
  /**
   * Where and what, in the words of the published model: `Image.S3Object.Bucket length >= 3`,
   * `FaceIds[] pattern …`, `Tags{key} type string`.
   */
  constraint: string;
  inside: Json[];
  /** Empty where no value can break it: a length of at least 0. */
  outside: Json[];
  /** For a wrong type: the text of the SerializationException for each of `outside`. */
  texts?: string[];
}

/** A place in an input where a shape stands. */
interface Site {
  name: string;
  shape: Shape;
  /** Set for members of structures, which can be left out. */
  required?: boolean;
  /** A whole input, valid but for this value in this place; undefined leaves it out. */
  place: (value: unknown) => Json;
}

/** Every constraint of an input shape, at every depth. */
export const probesOf = (input: StructureShape): Probe[] =>
  sitesIn(input, '', (value) => value as Json).flatMap((site) => [
    ...(site.required === true ? [requiredProbe(site)] : []),
    typeProbe(site),
    ...ruleProbes(site),
  ]);

/** A value that satisfies every constraint of a shape. */
export function validValue(shape: Shape): unknown {
  switch (shape.kind) {
    case 'string':
      return textOf(shape, Math.max(1, shape.min ?? 1));
    case 'enum':
      return shape.values[0];
    case 'integer':
    case 'long':
    case 'float':
      return shape.min ?? 0;
    case 'boolean':
      return true;
    case 'blob':
      return base64(shape.min ?? 0);
    case 'timestamp':
      return 0;
    case 'list':
      return Array.from({ length: shape.min ?? 0 }, () => validValue(shape.of));
    case 'map':
      return {};
    case 'structure':
    default:
      return Object.fromEntries(
        Object.entries(shape.members)
          .filter(([, member]) => member.required)
          .map(([name, member]) => [name, validValue(member.shape)]),
      );
  }
}

function sitesIn(shape: Shape, prefix: string, place: Site['place']): Site[] {
  if (shape.kind === 'structure') {
    const base = validValue(shape) as Json;
    return Object.entries(shape.members).flatMap(([member, { shape: of, required }]) => {
      const name = prefix === '' ? member : `${prefix}.${member}`;
      const placeMember = (value: unknown): Json => place({ ...base, [member]: value });
      const site: Site = { name, shape: of, required, place: placeMember };
      return [site, ...sitesIn(of, name, placeMember)];
    });
  }
  if (shape.kind === 'list') {
    const beside = validValue(shape.of);
    return inner(`${prefix}[]`, shape.of, (value) => place([beside, value]));
  }
  if (shape.kind !== 'map') return [];
  return [
    ...inner(`${prefix}{key}`, shape.key, (key) => place({ [String(key)]: 'v' })),
    ...inner(`${prefix}{value}`, shape.value, (value) => place({ k: value })),
  ];
}

const inner = (name: string, shape: Shape, place: Site['place']): Site[] => [
  { name, shape, place },
  ...sitesIn(shape, name, place),
];

const requiredProbe = ({ name, shape, place }: Site): Probe => ({
  constraint: `${name} required`,
  inside: [place(validValue(shape))],
  outside: [place(undefined), place(null)],
});

/** What an input shape's kinds are called in the published model. */
const PUBLISHED_TYPE: Partial<Record<Shape['kind'], string>> = { enum: 'string' };

/** A member that is left out or null is of no wrong type, but a required one has its own probe for that. */
function typeProbe({ name, shape, required, place }: Site): Probe {
  const wrong = name.endsWith('{key}') ? [] : wrongTypes(shape);
  return {
    constraint: `${name} type ${PUBLISHED_TYPE[shape.kind] ?? shape.kind}`,
    inside: [
      place(validValue(shape)),
      ...(required === false ? [place(undefined), place(null)] : []),
    ],
    outside: wrong.map(([value]) => place(value)),
    texts: wrong.map(([, text]) => text),
  };
}

const LIST = 'Start of list found where not expected';
const MAP = 'Start of structure or map found where not expected.';
const JAVA_TARGET: Partial<Record<Shape['kind'], string>> = {
  string: 'an String',
  enum: 'an String',
  integer: 'an Integer',
  long: 'an Long',
  float: 'an Float',
  boolean: 'an Boolean',
  blob: 'a Blob',
};
const SCALARS = [
  [7, 'com.amazon.coral.value.json.numbers.TruncatingBigNumber'],
  [true, 'java.lang.Boolean'],
  ['text', 'java.lang.String'],
] as const;
/** What a shape takes among the scalars above. */
const TAKEN: Partial<Record<Shape['kind'], string>> = {
  string: 'string',
  enum: 'string',
  blob: 'string',
  integer: 'number',
  long: 'number',
  float: 'number',
  boolean: 'boolean',
};
const CONTAINER: Partial<Record<Shape['kind'], { scalar: string; list?: string; map?: string }>> = {
  list: { scalar: 'Expected list or null', map: MAP },
  map: { scalar: 'Expected map or null', list: LIST },
  structure: { scalar: 'Expected null', list: LIST },
};

/** Every JSON type that a shape is not of, with the text of its refusal (contract section 2 step 9). */
function wrongTypes({ kind }: Shape): [unknown, string][] {
  const container = CONTAINER[kind];
  if (container) {
    const { scalar, list, map } = container;
    return [
      ...SCALARS.map(([value]): [unknown, string] => [value, scalar]),
      ...(list === undefined ? [] : [[['x'], list] as [unknown, string]]),
      ...(map === undefined ? [] : [[{ a: 'x' }, map] as [unknown, string]]),
    ];
  }
  return [
    ...SCALARS.filter(([value]) => typeof value !== TAKEN[kind]).map(
      ([value, javaClass]): [unknown, string] => [
        value,
        `class ${javaClass} can not be converted to ${JAVA_TARGET[kind]}`,
      ],
    ),
    [['x'], LIST],
    [{ a: 'x' }, MAP],
  ];
}

function ruleProbes({ name, shape, place }: Site): Probe[] {
  const probe = (rule: string, inside: unknown[], outside: unknown[]): Probe => ({
    constraint: `${name} ${rule}`,
    inside: inside.map(place),
    outside: outside.map(place),
  });
  switch (shape.kind) {
    case 'string':
      return [
        ...lengthProbes(shape, (length) => textOf(shape, length), probe),
        ...(shape.pattern === undefined
          ? []
          : [
              probe(
                `pattern ${shape.pattern}`,
                patternTexts(shape.pattern).inside,
                patternTexts(shape.pattern).outside,
              ),
            ]),
      ];
    case 'enum':
      return [
        probe(`one of ${shape.values.join(', ')}`, [...shape.values], ['default', '', ' ALL']),
      ];
    case 'blob':
      return lengthProbes(shape, base64, probe);
    case 'list': {
      const item = validValue(shape.of);
      return lengthProbes(shape, (length) => Array.from({ length }, () => item), probe);
    }
    case 'map':
      return lengthProbes(
        shape,
        (length) => Object.fromEntries(Array.from({ length }, (_, i) => [`k${i}`, 'v'])),
        probe,
      );
    case 'integer':
    case 'long':
    case 'float':
      return rangeProbes(shape, probe);
    case 'boolean':
    case 'timestamp':
    case 'structure':
    default:
      return [];
  }
}

type MakeProbe = (rule: string, inside: unknown[], outside: unknown[]) => Probe;
interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

const lengthProbes = (
  { min, max }: Bounds,
  make: (length: number) => unknown,
  probe: MakeProbe,
): Probe[] => [
  ...(min === undefined
    ? []
    : [probe(`length >= ${min}`, [make(min)], min === 0 ? [] : [make(min - 1)])]),
  ...(max === undefined ? [] : [probe(`length <= ${max}`, [make(max)], [make(max + 1)])]),
];

function rangeProbes({ kind, min, max }: Bounds & { kind: string }, probe: MakeProbe): Probe[] {
  const step = kind === 'float' ? 0.5 : 1;
  return [
    ...(min === undefined ? [] : [probe(`value >= ${min}`, [min, min + step], [min - step])]),
    ...(max === undefined ? [] : [probe(`value <= ${max}`, [max, max - step], [max + step])]),
  ];
}

function patternTexts(pattern: string) {
  const texts = PATTERN_TEXTS[pattern];
  if (!texts) throw new Error(`patterns.ts has no texts for ${pattern}`);
  return texts;
}

/** A text of a length that keeps to the shape's pattern. A UUID has but one length. */
const textOf = (shape: Shape & { kind: 'string' }, length: number): string =>
  shape.pattern?.includes('{8}') === true
    ? (patternTexts(shape.pattern).inside[0] ?? '')
    : 'a'.repeat(length);

const base64 = (length: number): string => Buffer.alloc(length).toString('base64');
