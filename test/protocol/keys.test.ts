import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import {
  createCredentials,
  environmentKeys,
  parseKeysFile,
} from '../../src/protocol/sigv4/keys.js';

const SECRET = 'a-secret-of-enough-characters';
const source = { source: 'keys.json', accountId: '123456789012' };
const parse = (file: unknown) =>
  parseKeysFile(typeof file === 'string' ? file : JSON.stringify(file), source);
const keys = (...entries: unknown[]) => ({ keys: entries });

describe('a keys file', () => {
  it('gives its keys, each with a principal', () => {
    const parsed = parse(
      keys(
        { accessKeyId: 'AKIA1', secretAccessKey: SECRET },
        {
          accessKeyId: 'ASIA2',
          secretAccessKey: SECRET,
          sessionToken: 't',
          expiresAt: '2026-08-30T12:36:00Z',
        },
      ),
    );
    expect(parsed).toEqual([
      {
        accessKeyId: 'AKIA1',
        secretAccessKey: SECRET,
        principalArn: 'arn:aws:iam::123456789012:user/AKIA1',
      },
      {
        accessKeyId: 'ASIA2',
        secretAccessKey: SECRET,
        principalArn: 'arn:aws:iam::123456789012:user/ASIA2',
        sessionToken: 't',
        expiresAtMs: Date.UTC(2026, 7, 30, 12, 36),
      },
    ]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', `{"keys":[{"secretAccessKey":"${SECRET}"`, /keys\.json: not valid JSON$/],
    ['a list', [], /expected \{"keys"/],
    ['null', null, /expected \{"keys"/],
    ['an object without keys', {}, /expected \{"keys"/],
    ['keys that are no list', { keys: {} }, /expected \{"keys"/],
    ['no keys', keys(), /expected 1 to 10000 keys, got 0/],
    [
      'too many keys',
      keys(...Array.from({ length: 10_001 })),
      /expected 1 to 10000 keys, got 10001/,
    ],
    ['an entry that is no object', keys('x'), /key 1: expected an object/],
    ['no id', keys({ secretAccessKey: SECRET }), /key 1: accessKeyId must be/],
    ['an id with a slash', keys({ accessKeyId: 'a/b', secretAccessKey: SECRET }), /accessKeyId/],
    [
      'an id that is a number',
      keys({ accessKeyId: 12345, secretAccessKey: SECRET }),
      /accessKeyId/,
    ],
    ['no secret', keys({ accessKeyId: 'AKIA1' }), /secretAccessKey of AKIA1/],
    ['a short secret', keys({ accessKeyId: 'AKIA1', secretAccessKey: 'short' }), /16 characters/],
    [
      'an empty token in the second entry',
      keys(
        { accessKeyId: 'AKIA1', secretAccessKey: SECRET },
        { accessKeyId: 'AKIA2', secretAccessKey: SECRET, sessionToken: '' },
      ),
      /key 2: sessionToken/,
    ],
    [
      'a bad time',
      keys({ accessKeyId: 'AKIA1', secretAccessKey: SECRET, expiresAt: 'soon' }),
      /expiresAt of AKIA1/,
    ],
  ])('of %s is refused without showing a secret', (_, file, message) => {
    expect(() => parse(file)).toThrow(OperatorError);
    expect(() => parse(file)).toThrow(message);
    expect(() => parse(file)).not.toThrow(new RegExp(SECRET));
  });
});

describe('the environment', () => {
  it('gives one key, or none', () => {
    const none = { accessKeyId: '', secretAccessKey: '', sessionToken: '' };
    expect(environmentKeys(none, '123456789012')).toEqual([]);
    const pair = { accessKeyId: 'AKIA1', secretAccessKey: SECRET, sessionToken: '' };
    expect(environmentKeys(pair, '123456789012')).toEqual([
      {
        accessKeyId: 'AKIA1',
        secretAccessKey: SECRET,
        principalArn: 'arn:aws:iam::123456789012:user/AKIA1',
      },
    ]);
    const [temporary] = environmentKeys({ ...pair, sessionToken: 't' }, '123456789012');
    expect(temporary?.sessionToken).toBe('t');
    expect(() => environmentKeys({ ...pair, secretAccessKey: 'x' }, '123456789012')).toThrow(
      /AWS_SECRET_ACCESS_KEY: secretAccessKey of AKIA1/,
    );
  });
});

describe('credentials', () => {
  it('refuse one id twice', () => {
    const [key] = parse(keys({ accessKeyId: 'AKIA1', secretAccessKey: SECRET }));
    expect(() => createCredentials([key!, key!])).toThrow(/AKIA1 is configured twice/);
  });

  it('find nothing that was not configured', () => {
    const found = ['', 'constructor', '__proto__'].map((id) => createCredentials([]).find(id));
    expect(found).toEqual([undefined, undefined, undefined]);
  });
});
