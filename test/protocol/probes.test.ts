import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPERATIONS, type OperationName } from '../../src/model/operations.js';
import type { Member, OperationModel, Shape, StructureShape } from '../../src/model/shapes.js';
import { parseInput } from '../../src/protocol/parse.js';
import { createValidator } from '../../src/protocol/validate.js';
import { expectedText } from './oracle.js';
import { type Json, type Probe, probesOf, validValue } from './probes.js';
import { CONTRACT_FILE, contractPresent, published, publishedConstraints } from './published.js';
import { call, dispatchWith } from './support.js';

const dispatch = dispatchWith();
const INPUTS = Object.entries<OperationModel>(OPERATIONS).map(
  ([name, { input }]) => [name as OperationName, input] as const,
);
const ACCEPTED = { status: 200, body: {} };
const refusal = (body: object) => ({ status: 400, body });

describe.each(INPUTS)('every constraint of %s', (operation, input) => {
  it.each(probesOf(input).map((probe) => [probe.constraint, probe] as const))(
    '%s: takes what is just inside and refuses what is just outside',
    async (_, { inside, outside, texts }) => {
      for (const body of inside) expect(await call(operation, body, dispatch)).toEqual(ACCEPTED);
      for (const [i, body] of outside.entries()) {
        const answer = texts
          ? { __type: 'SerializationException', Message: texts[i] }
          : { __type: 'ValidationException', message: expectedText(input, body) };
        expect(await call(operation, body, dispatch)).toEqual(refusal(answer));
      }
    },
  );

  it('several broken at once are listed together, in model order, ten at most', async () => {
    await fc.assert(
      fc.asyncProperty(anyInput(input), async (body) => {
        const message = expectedText(input, body);
        expect(await call(operation, body, dispatch)).toEqual(
          message === undefined ? ACCEPTED : refusal({ __type: 'ValidationException', message }),
        );
      }),
      { numRuns: 40 },
    );
  });
});

/** Inputs whose members are each left out, valid or broken in one of the ways the probes know. */
function anyInput(shape: StructureShape): fc.Arbitrary<Json> {
  const [first] = Object.keys(shape.members);
  const values = new Map<string, unknown[]>(Object.keys(shape.members).map((name) => [name, []]));
  for (const { inside, outside, texts } of probesOf(shape))
    for (const body of texts ? inside : [...inside, ...outside])
      for (const [name, value] of Object.entries(body)) values.get(name ?? first)?.push(value);
  return fc.record(
    Object.fromEntries([...values].map(([name, some]) => [name, fc.constantFrom(...small(some))])),
  );
}

/** Without the photos of megabytes and the lists of thousands: each has a probe of its own. */
const small = (values: unknown[]): unknown[] =>
  values.filter((value) => JSON.stringify(value ?? null).length < 5000);

describe.skipIf(!contractPresent)(
  `the probes beside ${CONTRACT_FILE}${contractPresent ? '' : ' (absent: skipped)'}`,
  () => {
    it('cover every input constraint of every operation, and no other', () => {
      const count = { constraints: 0, probed: 0, inside: 0, outside: 0 };
      for (const [operation, input] of INPUTS) {
        const probes = probesOf(input);
        const wanted = publishedConstraints(operation);
        count.constraints += wanted.length;
        count.probed += probes.filter(isProbed).length;
        for (const { inside, outside } of probes) {
          count.inside += inside.length;
          count.outside += outside.length;
        }
        expect(probes.map(({ constraint }) => constraint).toSorted()).toEqual(wanted.toSorted());
        expect(probes.filter((probe) => !isProbed(probe))).toEqual([]);
      }
      expect(INPUTS.map(([name]) => name)).toEqual(Object.keys(published.operations));
      process.stdout.write(
        `constraint probes: ${count.probed} of ${count.constraints} input constraints, ${count.inside} values just inside, ${count.outside} just outside\n`,
      );
      expect(count.probed).toBe(count.constraints);
    });
  },
);

/** A length of at least 0 cannot be broken, nor can a map's key be of another type: the rest is tried from both sides. */
const UNBREAKABLE = / length >= 0$|\{key\} type string$/;
const isProbed = ({ constraint, inside, outside }: Probe): boolean =>
  inside.length > 0 && (outside.length > 0 || UNBREAKABLE.test(constraint));

/** Ways to loosen or tighten one shape, each of which at least one probe must notice. */
function variants(shape: Shape): Shape[] {
  const { min, max, pattern, values } = shape as {
    min?: number;
    max?: number;
    pattern?: string;
    values?: readonly string[];
  };
  const without = (key: string): Shape =>
    Object.fromEntries(Object.entries(shape).filter(([name]) => name !== key)) as unknown as Shape;
  return [
    ...(min === undefined || min === 0 ? [] : [without('min'), { ...shape, min: min - 1 }]),
    ...(min === undefined ? [] : [{ ...shape, min: min + 1 }]),
    ...(max === undefined ? [] : [without('max'), { ...shape, max: max + 1 }]),
    ...(max === undefined ? [] : [{ ...shape, max: max - 1 }]),
    ...(pattern === undefined ? [] : [without('pattern'), { ...shape, pattern: '[\\s\\S]*' }]),
    ...(values === undefined ? [] : [{ ...shape, values: [...values, 'default'] }]),
    ...(values === undefined ? [] : [{ ...shape, values: values.slice(1) }]),
  ] as Shape[];
}

/** Every input shape that differs from this one in one constraint, at any depth. */
function* mutants<S extends Shape>(shape: S): Generator<S> {
  for (const variant of variants(shape)) yield variant as S;
  if (shape.kind === 'list') for (const of of mutants(shape.of)) yield { ...shape, of };
  if (shape.kind === 'map') {
    for (const key of mutants(shape.key)) yield { ...shape, key };
    for (const value of mutants(shape.value)) yield { ...shape, value };
  }
  if (shape.kind !== 'structure') return;
  for (const [name, member] of Object.entries(shape.members)) {
    const replace = (other: Member): S => ({
      ...shape,
      members: { ...shape.members, [name]: other },
    });
    yield replace({ ...member, required: !member.required });
    for (const other of mutants(member.shape)) yield replace({ ...member, shape: other });
  }
}

/** What validation by another shape than the right one says. */
function judge(shape: StructureShape, body: Json): string | undefined {
  try {
    createValidator(shape)(parseInput(shape, body));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

it.each(INPUTS)('a constraint of %s that is missing, looser or tighter is noticed', (_, input) => {
  const bodies = probesOf(input)
    .filter(({ texts }) => !texts)
    .flatMap(({ inside, outside }) => [...inside, ...outside]);
  const light = [validValue(input) as Json, ...bodies].filter(
    (body) => JSON.stringify(body).length < 1_000_000,
  );
  const heavy = bodies.filter((body) => !light.includes(body));
  const expected = new Map(light.map((body) => [body, expectedText(input, body)]));
  const isNoticed = (mutant: StructureShape): boolean =>
    light.some((body) => judge(mutant, body) !== expected.get(body)) ||
    heavy.some((body) => judge(mutant, body) !== expectedText(input, body));
  const tried = [...mutants(input)];
  expect(tried.length).toBeGreaterThan(0);
  expect(tried.filter((mutant) => !isNoticed(mutant))).toEqual([]);
});
