import { existsSync, readFileSync } from 'node:fs';

/** The published service model's facts: names, constraints, errors. Absent where only this repository is. */
export const CONTRACT_FILE = '../shared/contract/contract.json';
export const contractPresent = existsSync(CONTRACT_FILE);

export interface PublishedShape {
  type: string;
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
  member?: string;
  key?: string;
  value?: string;
  required?: string[];
  members?: Record<string, { shape: string; idempotencyToken?: boolean }>;
}

export interface Published {
  operations: Record<
    string,
    {
      input: string;
      output: string;
      idempotencyTokenMember: string | null;
      documentedDefaults: Record<string, unknown>;
      errors: Record<string, number>;
    }
  >;
  shapes: Record<string, PublishedShape>;
  frameworkErrors: Record<string, number>;
}

export const published: Published = contractPresent
  ? (JSON.parse(readFileSync(CONTRACT_FILE, 'utf8')) as Published)
  : { operations: {}, shapes: {}, frameworkErrors: {} };

/** Every input constraint of an operation, spelled as the probes spell theirs. */
export function publishedConstraints(operation: string): string[] {
  const { input } = published.operations[operation]!;
  return memberConstraints(published.shapes[input]!, '');
}

const memberConstraints = ({ members = {}, required = [] }: PublishedShape, prefix: string) =>
  Object.entries(members).flatMap(([member, { shape }]): string[] => [
    ...(required.includes(member) ? [`${prefix}${member} required`] : []),
    ...constraintsOf(published.shapes[shape]!, `${prefix}${member}`),
  ]);

function constraintsOf(shape: PublishedShape, name: string): string[] {
  const { type, min, max, pattern, enum: values } = shape;
  const size = ['integer', 'long', 'float', 'double'].includes(type) ? 'value' : 'length';
  const inner = (part: string | undefined, suffix: string): string[] =>
    part === undefined ? [] : constraintsOf(published.shapes[part]!, name + suffix);
  return [
    `${name} type ${type}`,
    ...(min === undefined ? [] : [`${name} ${size} >= ${min}`]),
    ...(max === undefined ? [] : [`${name} ${size} <= ${max}`]),
    ...(pattern === undefined ? [] : [`${name} pattern ${pattern}`]),
    ...(values === undefined ? [] : [`${name} one of ${values.join(', ')}`]),
    ...inner(shape.member, '[]'),
    ...inner(shape.key, '{key}'),
    ...inner(shape.value, '{value}'),
    ...memberConstraints(shape, `${name}.`),
  ];
}
