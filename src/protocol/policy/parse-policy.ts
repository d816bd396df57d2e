import { OperatorError } from '../../errors.js';
import type { Patterns, Policy, Statement } from './policy.js';

/** IAM's quota for a managed policy, in characters of JSON without blanks. */
const MAX_CHARACTERS = 6144;
const VERSIONS = ['2012-10-17', '2008-10-17'];
const ACTION = /^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+)$/;
const RESOURCE = /^(\*|arn(:[^:]+(:.*)?)?)$/s;
const POLICY_MEMBERS = ['Version', 'Id', 'Statement'];
const STATEMENT_MEMBERS = [
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
] as const;

/**
 * Reads an IAM identity policy. Whatever would be ignored is refused, because a condition or a variable that
 * does not count turns a policy into another one. OperatorError begins with `source`.
 */
export function parsePolicy(value: unknown, source: string): Policy {
  const fail = (fault: string): never => {
    throw new OperatorError(`${source}: ${fault}`);
  };
  if (!isObject(value)) return fail('expected {"Version":"2012-10-17","Statement":[…]}');
  const length = JSON.stringify(value).length;
  if (length > MAX_CHARACTERS)
    return fail(`has ${length} characters, at most ${MAX_CHARACTERS} are taken`);
  refuseOthers(value, POLICY_MEMBERS, fail);
  if (!VERSIONS.includes(value['Version'] as string))
    return fail(
      `Version must be "${VERSIONS[0]}", got ${JSON.stringify(value['Version'] ?? null)}`,
    );
  const { Statement: given } = value;
  const statements: unknown[] = Array.isArray(given) ? given : [given];
  if (statements.length === 0) return fail('Statement is empty');
  return {
    statements: statements.map((statement, i) =>
      parseStatement(statement, (fault) => fail(`statement ${i + 1}: ${fault}`)),
    ),
  };
}

type Fail = (fault: string) => never;

function parseStatement(value: unknown, fail: Fail): Statement {
  if (!isObject(value)) return fail('expected an object');
  if (Object.hasOwn(value, 'Condition'))
    fail(
      'Condition is not supported, and a statement without it would mean something else: take the statement out or write it without a condition',
    );
  refuseOthers(value, STATEMENT_MEMBERS, fail);
  const { Effect: effect } = value;
  if (effect !== 'Allow' && effect !== 'Deny')
    return fail(`Effect must be "Allow" or "Deny", got ${JSON.stringify(effect ?? null)}`);
  const actions = parsePatterns(value, 'Action', fail);
  const resources = parsePatterns(value, 'Resource', fail);
  for (const action of actions.patterns)
    if (!ACTION.test(action))
      fail(
        `Action ${JSON.stringify(action)} must be "*" or a service and an operation, such as "rekognition:Search*"`,
      );
  for (const resource of resources.patterns) {
    if (!RESOURCE.test(resource))
      fail(
        `Resource ${JSON.stringify(resource)} must be "*" or an ARN, such as "arn:aws:rekognition:*:*:collection/people"`,
      );
    // eslint-disable-next-line no-template-curly-in-string
    if (resource.includes('${'))
      fail(`Resource ${JSON.stringify(resource)} holds a policy variable: they are not supported`);
  }
  return { effect, actions, resources };
}

/** One of `Action` and `NotAction` (or `Resource` and `NotResource`), a text or a list of texts. */
function parsePatterns(
  statement: Record<string, unknown>,
  name: 'Action' | 'Resource',
  fail: Fail,
): Patterns {
  const given = [name, `Not${name}`].filter((member) => Object.hasOwn(statement, member));
  const [member] = given;
  if (given.length !== 1 || member === undefined)
    return fail(`needs either ${name} or Not${name}, not ${given.length === 0 ? 'none' : 'both'}`);
  const value = statement[member];
  const patterns: unknown[] = Array.isArray(value) ? value : [value];
  if (patterns.length === 0 || !patterns.every((pattern) => typeof pattern === 'string'))
    return fail(`${member} must be a text or a list of texts that is not empty`);
  return { patterns, negated: member !== name };
}

function refuseOthers(
  value: Record<string, unknown>,
  members: readonly string[],
  fail: Fail,
): void {
  const other = Object.keys(value).find((name) => !members.includes(name));
  if (other !== undefined)
    fail(`has a member ${JSON.stringify(other)}; known are ${members.join(', ')}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
