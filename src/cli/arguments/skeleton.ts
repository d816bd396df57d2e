import type { Shape, StructureShape } from '../../model/shapes.js';
import { ELEMENT_NAMES, IMAGE_TEXTS, OPERATION_TEXTS } from '../documentation.js';
import { str } from '../python/repr.js';
import { type Dict, Moment, type Value } from '../python/value.js';
import type { OperationCommand } from './options.js';

/** An input to fill in: empty texts, zeros, the first of a closed set, lists of one element. */
export function inputSkeleton({ model }: OperationCommand): Dict {
  return structureOf(model.input, (shape) => emptyScalar(shape));
}

/** A reply whose texts are the names of their members. */
export function outputSkeleton({ model, name }: OperationCommand): Dict {
  return structureOf(
    model.output,
    (shape, path, inMap) => {
      if (shape.kind !== 'string' && shape.kind !== 'enum') return emptyScalar(shape);
      if (inMap) return '';
      return ELEMENT_NAMES[path.join('.')] ?? path.at(-1) ?? '';
    },
    [name],
  );
}

type Fill = (shape: Shape, path: readonly string[], inMap: boolean) => Value;

function structureOf(shape: StructureShape, fill: Fill, path: readonly string[] = []): Dict {
  return new Map(
    Object.entries(shape.members).map(([name, member]) => [
      name,
      fillShape(member.shape, fill, [...path, name]),
    ]),
  );
}

function fillShape(shape: Shape, fill: Fill, path: readonly string[]): Value {
  if (shape.kind === 'structure') return structureOf(shape, fill, path);
  if (shape.kind === 'list') return [fillShape(shape.of, fill, path)];
  if (shape.kind === 'map') return new Map([['KeyName', fill(shape.value, path, true)]]);
  return fill(shape, path, false);
}

function emptyScalar(shape: Shape): Value {
  switch (shape.kind) {
    case 'enum':
      return shape.values[0] ?? '';
    case 'integer':
    case 'long':
      return 0n;
    case 'float':
      return 0;
    case 'boolean':
      return true;
    case 'timestamp':
      return new Moment('datetime.datetime', '1970-01-01T00:00:00');
    case 'blob':
      return null;
    case 'string':
    case 'structure':
    case 'list':
    case 'map':
      break;
  }
  return '';
}

/** An input to fill in as YAML, with what is known of each member behind it. */
export function yamlInputSkeleton({ model, name }: OperationCommand): string {
  const { members } = OPERATION_TEXTS[name];
  const lines = [...yamlLines(model.input, '', (member) => members[member] ?? '')];
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`;
}

function* yamlLines(
  shape: StructureShape,
  margin: string,
  textOf: (member: string) => string,
): Generator<string> {
  let gap = '  ';
  for (const [name, { shape: inner, required }] of Object.entries(shape.members)) {
    const comment = [required ? '[REQUIRED]' : '', textOf(name), valuesOf(inner)].filter(
      (part) => part !== '',
    );
    const value = yamlScalar(inner);
    const start = `${margin}${name}:${value === undefined ? '' : ` ${value}`}`;
    yield comment.length === 0 ? start : `${start}${gap}# ${comment.join(' ')}`;
    gap = ' ';
    if (inner.kind === 'list') yield `${margin}- ${yamlScalar(inner.of) ?? "''"}`;
    if (inner.kind === 'map') yield `${margin}  KeyName: ''`;
    if (inner.kind === 'structure')
      yield* yamlLines(inner, `${margin}  `, (member) =>
        name === 'S3Object'
          ? (IMAGE_TEXTS[`S3Object.${member}`] ?? '')
          : (IMAGE_TEXTS[member] ?? ''),
      );
  }
}

const valuesOf = (shape: Shape): string =>
  shape.kind === 'enum' ? `Valid values are: ${shape.values.join(', ')}.` : '';

function yamlScalar(shape: Shape): string | undefined {
  if (shape.kind === 'structure' || shape.kind === 'list' || shape.kind === 'map') return undefined;
  if (shape.kind === 'blob') return "!!binary ''";
  const value = emptyScalar(shape);
  return value === '' ? "''" : str(value);
}
