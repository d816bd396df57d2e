import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import { OPERATIONS } from '../../src/model/operations.js';
import { ACCESS } from '../../src/protocol/access.js';
import { matches, matchesResource } from '../../src/protocol/policy/match.js';
import { parsePolicy } from '../../src/protocol/policy/parse-policy.js';
import { allows } from '../../src/protocol/policy/policy.js';

const PEOPLE = 'arn:aws:rekognition:us-east-1:000000000000:collection/people';
const SECRET = 'arn:aws:rekognition:us-east-1:000000000000:collection/secret';

const policy = (...statements: object[]) =>
  parsePolicy({ Version: '2012-10-17', Statement: statements }, 'policy');
const allow = (Action: unknown, Resource: unknown = '*') => ({ Effect: 'Allow', Action, Resource });
const deny = (Action: unknown, Resource: unknown = '*') => ({ Effect: 'Deny', Action, Resource });

describe('a policy', () => {
  it.each<[string, object[], string, string, boolean]>([
    ['nothing matches', [allow('rekognition:ListFaces')], 'SearchFaces', PEOPLE, false],
    ['an action by name', [allow('rekognition:SearchFaces')], 'SearchFaces', PEOPLE, true],
    ['an action in other case', [allow('REKOGNITION:searchfaces')], 'SearchFaces', PEOPLE, true],
    ['an action by prefix', [allow('rekognition:Search*')], 'SearchUsersByImage', PEOPLE, true],
    ['a prefix of something else', [allow('rekognition:Search*')], 'ListFaces', PEOPLE, false],
    [
      'an exact name is no prefix',
      [allow('rekognition:SearchFaces')],
      'SearchFacesByImage',
      PEOPLE,
      false,
    ],
    ['a question mark', [allow('rekognition:SearchFace?')], 'SearchFaces', PEOPLE, true],
    ['every action', [allow('*')], 'DeleteCollection', PEOPLE, true],
    ['actions of another service', [allow(['s3:*', 'iam:*'])], 'ListFaces', PEOPLE, false],
    ['one action of a list', [allow(['s3:*', 'rekognition:List*'])], 'ListFaces', PEOPLE, true],
    ['a resource by name', [allow('*', PEOPLE)], 'ListFaces', PEOPLE, true],
    ['another resource', [allow('*', PEOPLE)], 'ListFaces', SECRET, false],
    [
      'a resource in other case',
      [allow('*', PEOPLE.replace('people', 'People'))],
      'ListFaces',
      PEOPLE,
      false,
    ],
    ['a longer name', [allow('*', PEOPLE)], 'ListFaces', `${PEOPLE}2`, false],
    [
      'a resource by pattern',
      [allow('*', 'arn:aws:rekognition:*:*:collection/p*')],
      'ListFaces',
      PEOPLE,
      true,
    ],
    [
      'a collection cannot stand for no resource',
      [allow('*', 'arn:aws:rekognition:*:*:*')],
      'ListCollections',
      '*',
      false,
    ],
    ['an ARN cut short', [allow('*', 'arn:aws:rekognition')], 'ListFaces', PEOPLE, true],
    [
      'a wildcard does not reach past a field',
      [allow('*', 'arn:aws:*:collection/people')],
      'ListFaces',
      PEOPLE,
      false,
    ],
    ['another account', [allow('*', PEOPLE.replace('0000', '1111'))], 'ListFaces', PEOPLE, false],
    ['a deny wins', [allow('*'), deny('*', SECRET)], 'ListFaces', SECRET, false],
    ['a deny wins before too', [deny('*', SECRET), allow('*')], 'ListFaces', SECRET, false],
    ['a deny of another resource', [allow('*'), deny('*', SECRET)], 'ListFaces', PEOPLE, true],
    [
      'a deny in other case',
      [allow('*'), deny('Rekognition:LISTFACES')],
      'ListFaces',
      PEOPLE,
      false,
    ],
    ['a deny alone allows nothing', [deny('*', SECRET)], 'ListFaces', PEOPLE, false],
    [
      'NotAction leaves one out',
      [{ Effect: 'Allow', NotAction: 'rekognition:Delete*', Resource: '*' }],
      'DeleteFaces',
      PEOPLE,
      false,
    ],
    [
      'NotAction covers the rest',
      [{ Effect: 'Allow', NotAction: 'rekognition:Delete*', Resource: '*' }],
      'ListFaces',
      PEOPLE,
      true,
    ],
    [
      'NotResource leaves one out',
      [{ Effect: 'Allow', Action: '*', NotResource: [SECRET] }],
      'ListFaces',
      SECRET,
      false,
    ],
    [
      'a deny by NotResource',
      [allow('*'), { Effect: 'Deny', Action: '*', NotResource: PEOPLE }],
      'ListFaces',
      SECRET,
      false,
    ],
  ])('%s', (_, statements, operation, resource, expected) => {
    expect(allows(policy(...statements), `rekognition:${operation}`, resource)).toBe(expected);
  });

  it('may be one statement instead of a list', () => {
    const single = parsePolicy({ Version: '2008-10-17', Id: 'x', Statement: allow('*') }, 'policy');
    expect(allows(single, 'rekognition:ListFaces', PEOPLE)).toBe(true);
  });

  it.each<[string, unknown, RegExp]>([
    ['null', null, /policy: expected \{"Version"/],
    ['a list', [], /policy: expected \{"Version"/],
    ['no version', { Statement: allow('*') }, /Version must be "2012-10-17", got null/],
    ['another version', { Version: '2024-01-01', Statement: allow('*') }, /got "2024-01-01"/],
    ['no statements', { Version: '2012-10-17', Statement: [] }, /Statement is empty/],
    ['no statement', { Version: '2012-10-17' }, /statement 1: expected an object/],
    [
      'a member that is misspelt',
      { Version: '2012-10-17', Statements: [] },
      /a member "Statements"/,
    ],
    [
      'more than 6144 characters',
      { Version: '2012-10-17', Statement: Array.from({ length: 200 }, () => allow('*')) },
      /at most 6144/,
    ],
  ])('is refused as a whole: %s', (_, document, message) => {
    expect(() => parsePolicy(document, 'policy')).toThrow(OperatorError);
    expect(() => parsePolicy(document, 'policy')).toThrow(message);
  });

  it.each<[string, object, RegExp]>([
    ['a condition', { ...allow('*'), Condition: {} }, /statement 2: Condition is not supported/],
    ['a principal', { ...allow('*'), Principal: '*' }, /a member "Principal"/],
    ['an effect in other case', { ...allow('*'), Effect: 'allow' }, /Effect must be .*got "allow"/],
    ['no effect', { Action: '*', Resource: '*' }, /Effect must be/],
    ['no action', { Effect: 'Deny', Resource: '*' }, /either Action or NotAction, not none/],
    ['both actions', { ...allow('*'), NotAction: '*' }, /not both/],
    ['no resource', { Effect: 'Deny', Action: '*' }, /either Resource or NotResource/],
    ['an empty list', allow([]), /Action must be a text or a list/],
    ['a number', allow(5), /Action must be a text or a list/],
    ['an action without a service', allow('ListFaces'), /Action "ListFaces" must be/],
    ['an action of a wildcard service', allow('rek*:ListFaces'), /Action "rek\*:ListFaces"/],
    [
      'an action with letters that only look right',
      allow('re\u212Aognition:*'),
      /must be "\*" or a service/,
    ],
    ['an action with a blank', allow('rekognition:ListFaces '), /Action/],
    [
      'a resource that is no ARN',
      allow('*', 'collection/people'),
      /Resource "collection\/people" must/,
    ],
    ['the short spelling of an ARN', allow('*', PEOPLE.slice(4)), /must be "\*" or an ARN/],
    // oxlint-disable-next-line no-template-curly-in-string
    ['a variable', deny('*', `${PEOPLE}/\${aws:username}`), /holds a policy variable/],
  ])('is refused with %s in a statement', (_, statement, message) => {
    expect(() => policy(allow('*'), statement)).toThrow(message);
  });
});

describe('a pattern', () => {
  it.each<[string, string, boolean]>([
    ['', '', true],
    ['*', '', true],
    ['a*', 'a', true],
    ['*b*', 'abc', true],
    ['a*c', 'abcc', true],
    ['a*c', 'abcd', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?', 'a', false],
    ['.*', 'ab', false],
    ['a**b', 'ab', true],
    ['*a*b', 'aabab', true],
  ])('%j on %j: %j', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  it('of many stars takes no long time over a text that nearly matches', () => {
    expect(matches(`${'*a'.repeat(500)}b`, 'a'.repeat(2000))).toBe(false);
  });

  it('compares ARNs field by field', () => {
    expect(matchesResource('arn:aws:rekognition:*:*:collection/*', PEOPLE)).toBe(true);
    expect(matchesResource('arn:*', PEOPLE)).toBe(true);
    expect(matchesResource('arn:aws:rekognition:*', PEOPLE)).toBe(true);
    expect(matchesResource('arn:aws:s3:::*', PEOPLE)).toBe(false);
    expect(matchesResource('arn:aws:rekognition:us-east-1:*:people', PEOPLE)).toBe(false);
  });
});

describe('the table of operations', () => {
  it('asks about the collection wherever the operation has one', () => {
    for (const [name, { input }] of Object.entries(OPERATIONS)) {
      const { resource } = ACCESS[name as keyof typeof ACCESS];
      const members = Object.keys(input.members);
      const expected = members.includes('CollectionId')
        ? 'collection'
        : members.includes('ResourceArn')
          ? 'tagged'
          : 'none';
      expect([name, resource]).toEqual([name, expected]);
    }
  });

  it('knows what changes something', () => {
    const reads = /^(Describe|List|Search|Detect|Compare)/;
    for (const [name, { mutates }] of Object.entries(ACCESS))
      expect([name, mutates]).toEqual([name, !reads.test(name)]);
  });
});
