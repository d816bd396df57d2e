import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.js';
import { OPERATIONS } from '../../src/model/operations.js';
import type { OperationModel, Shape } from '../../src/model/shapes.js';
import { CONTRACT_FILE, published as contract, contractPresent } from '../protocol/published.js';

/** Both sides in one notation, so that a difference shows as a difference of text. */
const bounds = ({ min, max }: { min?: number; max?: number }) => ({
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
});

function ours(shape: Shape): unknown {
  switch (shape.kind) {
    case 'enum':
      // Values this service adds on its own are no part of the published model.
      return { type: 'string', enum: shape.values };
    case 'string':
      return {
        type: 'string',
        ...bounds(shape),
        ...(shape.pattern !== undefined && { pattern: shape.pattern }),
      };
    case 'list':
      return { type: 'list', ...bounds(shape), of: ours(shape.of) };
    case 'map':
      return { type: 'map', ...bounds(shape), key: ours(shape.key), value: ours(shape.value) };
    case 'structure':
      return {
        type: 'structure',
        members: Object.entries(shape.members).map(([name, member]) => [
          name,
          member.required,
          ours(member.shape),
        ]),
      };
    case 'boolean':
    case 'timestamp':
      return { type: shape.kind };
    case 'integer':
    case 'long':
    case 'float':
    case 'blob':
    default:
      return { type: shape.kind, ...bounds(shape) };
  }
}

function theirs(name: string): unknown {
  const shape = contract.shapes[name]!;
  switch (shape.type) {
    case 'list':
      return { type: 'list', ...bounds(shape), of: theirs(shape.member!) };
    case 'map':
      return {
        type: 'map',
        ...bounds(shape),
        key: theirs(shape.key!),
        value: theirs(shape.value!),
      };
    case 'structure':
      return {
        type: 'structure',
        members: Object.entries(shape.members!).map(([member, { shape: target }]) => [
          member,
          shape.required!.includes(member),
          theirs(target),
        ]),
      };
    default:
      return {
        type: shape.type,
        ...(shape.enum && { enum: shape.enum }),
        ...bounds(shape),
        ...(shape.pattern !== undefined && { pattern: shape.pattern }),
      };
  }
}

describe.skipIf(!contractPresent)(
  `the model against ${CONTRACT_FILE}${contractPresent ? '' : ' (absent: skipped)'}`,
  () => {
    it('has exactly the operations of the contract, in its order', () => {
      expect(Object.keys(OPERATIONS)).toEqual(Object.keys(contract.operations));
    });

    it.each(Object.entries(contract.operations))('%s', (name, published) => {
      const model: OperationModel = OPERATIONS[name as keyof typeof OPERATIONS];
      expect(ours(model.input)).toEqual(theirs(published.input));
      expect(ours(model.output)).toEqual(theirs(published.output));
      expect(model.idempotencyToken ?? null).toBe(published.idempotencyTokenMember);
      expect(model.defaults ?? {}).toEqual(published.documentedDefaults);
      expect(model.errors.toSorted()).toEqual(Object.keys(published.errors).toSorted());
    });

    it('answers every error with the status of the contract', () => {
      const published = Object.assign(
        {},
        contract.frameworkErrors,
        ...Object.values(contract.operations).map(({ errors }) => errors),
      ) as Record<string, number>;
      const statuses = Object.fromEntries(
        Object.entries(ERRORS).map(([code, { status }]) => [code, status]),
      );
      expect(statuses).toEqual(published);
    });
  },
);

describe('the model by itself', () => {
  it('declares no error that the error table does not know', () => {
    const declared = new Set(
      Object.values<OperationModel>(OPERATIONS).flatMap(({ errors }) => errors),
    );
    expect([...declared].filter((code) => !Object.hasOwn(ERRORS, code))).toEqual([]);
  });

  it('names an input member wherever it names a default or a token', () => {
    for (const [name, model] of Object.entries<OperationModel>(OPERATIONS)) {
      const named = [...Object.keys(model.defaults ?? {}), model.idempotencyToken ?? []].flat();
      const unknown = named.filter((member) => !Object.hasOwn(model.input.members, member));
      expect([name, unknown]).toEqual([name, []]);
    }
  });

  it('has only patterns that mean a full match under the u flag', () => {
    const patterns = new Set<string>();
    const collect = (shape: Shape): void => {
      if (shape.kind === 'string' && shape.pattern !== undefined) patterns.add(shape.pattern);
      if (shape.kind === 'list') collect(shape.of);
      if (shape.kind === 'map') [shape.key, shape.value].forEach(collect);
      if (shape.kind === 'structure')
        Object.values(shape.members).forEach((member) => collect(member.shape));
    };
    for (const { input, output } of Object.values<OperationModel>(OPERATIONS))
      [input, output].forEach(collect);
    expect(patterns.size).toBeGreaterThan(5);
    const broken = [...patterns].filter((pattern) => !compiles(`^(?:${pattern})$`));
    expect(broken).toEqual([]);
  });
});

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').source !== '';
  } catch {
    return false;
  }
}
