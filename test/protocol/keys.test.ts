import { describe, expect, it } from 'vitest';
import { ADMINISTRATOR } from '../../src/protocol/policy/policy.js';
import { createCredentials, environmentKeys } from '../../src/protocol/sigv4/keys.js';

const SECRET = 'a-secret-of-enough-characters';
const PAIR = { accessKeyId: 'AKIA1', secretAccessKey: SECRET, sessionToken: '' };
const read = (pair: Partial<typeof PAIR>) => environmentKeys({ ...PAIR, ...pair }, '123456789012');

describe('the environment', () => {
  it('gives one key that may do everything, or none', () => {
    expect(read({ accessKeyId: '', secretAccessKey: '' })).toEqual([]);
    expect(read({})).toEqual([
      {
        accessKeyId: 'AKIA1',
        secretAccessKey: SECRET,
        principalArn: 'arn:aws:iam::123456789012:user/AKIA1',
        policy: ADMINISTRATOR,
      },
    ]);
    expect(read({ sessionToken: 't' })[0]?.sessionToken).toBe('t');
  });

  it.each([
    ['a short secret', { secretAccessKey: 'x' }, /SECRET_ACCESS_KEY: the secret of AKIA1 must/],
    ['an id with a slash', { accessKeyId: 'a/b' }, /AWS_ACCESS_KEY_ID .*: an access key id has 3/],
    ['a secret alone', { accessKeyId: '' }, /an access key id has/],
  ])('with %s is refused without showing the secret', (_, pair, message) => {
    expect(() => read(pair)).toThrow(message);
    expect(() => read(pair)).not.toThrow(new RegExp(SECRET));
  });
});

describe('credentials', () => {
  it('refuse one id twice', () => {
    const [key] = read({});
    expect(() => createCredentials([key!, key!])).toThrow(/AKIA1 is configured twice/);
  });

  it('find nothing that was not configured', () => {
    const found = ['', 'constructor', '__proto__'].map((id) => createCredentials([]).find(id));
    expect(found).toEqual([undefined, undefined, undefined]);
  });
});
