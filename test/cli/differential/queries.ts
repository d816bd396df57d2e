import type { Members, Shape } from '../../../src/model/shapes.js';
import type { Choices } from './trial.js';
import { anyText, jsonText } from './values.js';

const FUNCTIONS = [
  'length',
  'keys',
  'values',
  'sort',
  'reverse',
  'to_string',
  'to_number',
  'to_array',
  'type',
  'max',
  'min',
  'sum',
  'avg',
  'abs',
  'ceil',
  'floor',
  'not_null',
  'nope',
] as const;

/** A JMESPath expression about a reply of this shape, now and then a broken one. */
export function queryOf(shape: Shape, choices: Choices): string {
  const query = expression(shape, choices, 3);
  return choices.chance(0.12) ? choices.damaged(query) : query;
}

function expression(shape: Shape, choices: Choices, depth: number): string {
  const path = pathOf(shape, choices, depth);
  if (depth === 0) return path;
  const other = (): string => expression(shape, choices, depth - 1);
  return choices.of<() => string>([
    () => path,
    () => path,
    () => path,
    () => `${choices.of(FUNCTIONS)}(${path})`,
    () => `${choices.of(FUNCTIONS)}(${other()})`,
    () => `[${path}, ${other()}]`,
    () => `{a: ${path}, "b c": ${other()}}`,
    () => `${path} | ${choices.of(['[0]', '@', 'length(@)', '[]', '*', '[?@]', 'a'])}`,
    () => `${path} ${choices.of(['==', '!=', '<', '>=', '||', '&&'])} ${literal(choices)}`,
    () => `!${path}`,
    () => `(${other()})`,
    () => `sort_by(${path}, &${choices.of(['FaceId', 'UserId', '@', 'Confidence', 'length(@)'])})`,
    () => `max_by(${path}, &${choices.of(['Similarity', 'Confidence', 'FaceId'])})`,
    () => `map(&${choices.of(['FaceId', '@', 'type(@)'])}, ${path})`,
    () => `join(${literal(choices)}, ${path})`,
    () => `contains(${path}, ${literal(choices)})`,
    () => `starts_with(${path}, ${literal(choices)})`,
    () => `merge(${path}, {x: ${literal(choices)}})`,
    () => literal(choices),
  ])();
}

function pathOf(shape: Shape, choices: Choices, depth: number): string {
  if (shape.kind === 'structure') {
    const name = memberOf(shape.members, choices);
    const inner = shape.members[name]?.shape;
    const written = choices.chance(0.1) ? `"${name}"` : name;
    if (!inner || depth === 0 || choices.chance(0.3)) return written;
    const rest = pathOf(inner, choices, depth - 1);
    return rest === ''
      ? written
      : rest.startsWith('[')
        ? `${written}${rest}`
        : `${written}.${rest}`;
  }
  if (shape.kind === 'list') {
    const index = choices.of([
      '[]',
      '[*]',
      '[0]',
      '[-1]',
      '[1:]',
      '[::-1]',
      '[:1]',
      filter(choices),
    ]);
    const rest = depth > 0 && choices.chance(0.7) ? pathOf(shape.of, choices, depth - 1) : '';
    return rest === '' || rest.startsWith('[') ? `${index}${rest}` : `${index}.${rest}`;
  }
  if (shape.kind === 'map') return choices.of(['k', '*', '"a.b"', '@']);
  return depth > 0 && choices.chance(0.15) ? '[0]' : '';
}

function memberOf(members: Members, choices: Choices): string {
  const names = Object.keys(members);
  return choices.of([...names, ...names, 'Zed', '*']);
}

const filter = (choices: Choices): string =>
  `[?${choices.of(['FaceId', 'Confidence', '@', 'UserId', 'Similarity'])}${choices.of(['', ` ${choices.of(['==', '>', '<=', '!='])} ${literal(choices)}`])}]`;

const literal = (choices: Choices): string =>
  choices.of([
    '`1`',
    '`80.5`',
    '`"x"`',
    '`null`',
    '`[]`',
    '`{"a": 1}`',
    '`x`',
    "'raw'",
    "''",
    `'${anyText(choices)}'`,
    `\`${jsonText(anyText(choices), choices)}\``,
    '@',
  ]);
