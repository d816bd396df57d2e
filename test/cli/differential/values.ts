import type { Shape } from '../../../src/model/shapes.js';
import type { Choices } from './trial.js';

/** Texts that some part of a command line, JSON, YAML, shorthand or a table treats in a way of its own. */
const TEXTS = [
  'people',
  'a',
  'b c',
  '',
  ' ',
  ' x ',
  'ä ö',
  '日本語の名前',
  '😀 grin',
  'a,b',
  'a=b',
  '"q"',
  "it's",
  '-1',
  '-1.5',
  '-x',
  '--x',
  'null',
  'true',
  'yes',
  '1.50',
  '007',
  '1e3',
  '~',
  '[1]',
  '[]',
  '{}',
  '{"a": 1}',
  'a: b',
  'a #b',
  '#b',
  '- a',
  '&a',
  '*a',
  '!t',
  '%x',
  '@x',
  '`x`',
  '|',
  '> x',
  'x:',
  ':x',
  'a\nb',
  'a\n\n  b\n',
  'a\tb',
  '\u0001',
  '\u00a0',
  '\u2028',
  '\ufeff',
  'C:\\x\\n',
  "'",
  '"',
  '\\',
  '2024-01-01',
  '12:30',
  '0x1F',
  '0o7',
  '.inf',
  '.5',
  '...',
  '---',
  '<<',
  '=',
  '?',
  '? x',
  '$HOME',
  'x'.repeat(130),
  `${'word '.repeat(30)}end`,
  '日本 '.repeat(30),
  '👨‍👩‍👧 家族',
  'e\u0301',
  '\u200b',
] as const;

export const anyText = (choices: Choices): string => choices.of(TEXTS);

const NUMBERS = [
  '0',
  '1',
  '-1',
  '100',
  '80.0',
  '99.99999',
  '0.1',
  '1e-05',
  '1E5',
  '1e22',
  '1.5e300',
  '-0.0',
  '12345678901234567890',
  '0.30000000000000004',
  '7.7486038208008e-05',
  '123456789012345680.0',
  '1e400',
] as const;

export const anyNumber = (choices: Choices): string => choices.of(NUMBERS);

const ascii = (text: string): string =>
  text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function jsonText(text: string, choices: Choices): string {
  const plain = JSON.stringify(text);
  return choices.chance(0.3) ? ascii(plain) : plain;
}

/** A JSON value of a shape, now and then of another. */
export function jsonOf(shape: Shape, choices: Choices, wrong = 0.08): string {
  if (choices.chance(wrong)) return jsonOfNothing(choices);
  switch (shape.kind) {
    case 'structure': {
      const members = Object.entries(shape.members)
        .filter(([, { required }]) => choices.chance(required ? 0.95 : 0.5))
        .map(([name, { shape: inner }]) => `"${name}": ${jsonOf(inner, choices, wrong)}`);
      if (choices.chance(wrong)) members.push(`"Zed": ${jsonOfNothing(choices)}`);
      return `{${choices.chance(0.5) ? choices.shuffled(members).join(', ') : members.join(', ')}}`;
    }
    case 'list':
      return `[${choices.many(3, () => jsonOf(shape.of, choices, wrong)).join(', ')}]`;
    case 'map':
      return `{${choices
        .many(
          3,
          () => `${jsonText(anyText(choices), choices)}: ${jsonOf(shape.value, choices, wrong)}`,
        )
        .join(', ')}}`;
    case 'string':
      return jsonText(anyText(choices), choices);
    case 'enum':
      return JSON.stringify(choices.of([...shape.values, 'OTHER']));
    case 'blob':
      return choices.of(['"aGVsbG8="', '"aGVsbG8"', '""', '"é"', '"a b="']);
    case 'boolean':
      return choices.of(['true', 'false']);
    case 'integer':
    case 'long':
      return choices.of(['0', '1', '-1', '80', '12345678901234567890', '1.0']);
    case 'float':
      return anyNumber(choices);
    case 'timestamp':
      break;
  }
  return choices.of(['1533422155.042', '0', '1700000000', '"2018-08-04T22:35:55Z"', '1.5e9']);
}

const jsonOfNothing = (choices: Choices): string =>
  choices.of([
    'null',
    '1',
    '1.0',
    'true',
    '"x"',
    '[]',
    '{}',
    '[null]',
    '{"a": [1, "é", null, 1e30]}',
    '[[1.5], {"k": "v"}, "it\'s", "a\\nb"]',
  ]);

/** A value of a shape as shorthand writes it. */
export function shorthandOf(shape: Shape, choices: Choices): string {
  if (shape.kind === 'structure')
    return Object.entries(shape.members)
      .filter(() => choices.chance(0.8))
      .map(
        ([name, { shape: inner }]) =>
          `${name}${choices.of(['=', '=', ' = '])}${nested(inner, choices)}`,
      )
      .join(choices.of([',', ',', ', ']));
  if (shape.kind === 'map')
    return choices
      .many(3, () => `${choices.of(['k', 'k2', 'a.b', 'x-y', 'é', ''])}=${shorthandText(choices)}`)
      .join(',');
  return shorthandText(choices);
}

function nested(shape: Shape, choices: Choices): string {
  if (shape.kind === 'structure') return `{${shorthandOf(shape, choices)}}`;
  if (shape.kind === 'list')
    return `[${choices.many(2, () => nested(shape.of, choices)).join(',')}]`;
  return shorthandText(choices);
}

function shorthandText(choices: Choices): string {
  const text = anyText(choices);
  return choices.of([text, 'v', `"${text}"`, `'${text}'`, `"${text.replaceAll('"', '\\"')}"`]);
}
