import { describe, expect, it } from 'vitest';
import { EMPTY, parseKeysFile, printKeysFile } from '../../src/keys/keys-file.js';
import {
  createKey,
  listKeys,
  revokeKey,
  revokePrincipal,
  rotateKey,
} from '../../src/keys/manage-keys.js';
import { masterKey } from '../../src/keys/master-key.js';
import { maker, NOW_MS, READ_ONLY } from './support.js';

const HOUR_MS = 3_600_000;
const withAda = () => createKey(EMPTY, { principal: 'ada', policy: READ_ONLY }, maker());

describe('a new key', () => {
  it('has an id and a secret like those of AWS, and is kept encrypted for its principal', () => {
    const { file, result } = withAda();
    expect(result).toEqual({
      principal: 'ada',
      accessKeyId: expect.stringMatching(/^LKIA[A-Z2-7]{16}$/) as string,
      secretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/) as string,
    });
    expect(file.principals).toEqual({ ada: { policy: READ_ONLY } });
    const text = printKeysFile(file);
    expect(text).not.toContain(result.secretAccessKey);
    expect(text).not.toContain(Buffer.from(result.secretAccessKey).toString('base64url'));
    expect(parseKeysFile(text, 'f')).toEqual(file);
    const [entry] = file.keys;
    expect(maker().master.open(entry!.sealed, entry!)).toEqual({
      secretAccessKey: result.secretAccessKey,
    });
  });

  it('may be temporary: with a session token and an end', () => {
    const request = { principal: 'ada', policy: READ_ONLY, temporaryMs: HOUR_MS };
    const { file, result } = createKey(EMPTY, request, maker());
    expect(result.accessKeyId).toMatch(/^LSIA/);
    expect(result.expiresAt).toBe('2026-11-26T08:00:00Z');
    expect(result.sessionToken).toMatch(/^[A-Za-z0-9+/]{64}$/);
    expect(printKeysFile(file)).not.toContain(result.sessionToken);
  });

  it('may be one that clients have already', () => {
    const pair = { accessKeyId: 'AKIAOLD', secretAccessKey: 'a-secret-of-enough-characters' };
    const request = { principal: 'ada', policy: READ_ONLY, pair };
    const { file, result } = createKey(EMPTY, request, maker());
    expect(result).toMatchObject(pair);
    expect(() => createKey(file, { principal: 'ada', pair }, maker())).toThrow(
      /There is a key AKIAOLD already/,
    );
  });

  it.each([
    ['a new principal without a policy', { principal: 'eve' }, /eve is new: say what it may do/],
    ['a policy for one that has one', { principal: 'ada', policy: READ_ONLY }, /ada has a policy/],
    ['a name that is none', { principal: 'a/b', policy: READ_ONLY }, /"a\/b" is no name/],
    ['an empty name', { principal: '', policy: READ_ONLY }, /"" is no name/],
    ['a policy that is none', { principal: 'eve', policy: {} }, /The policy: Version must be/],
    [
      'a short secret',
      { principal: 'ada', pair: { accessKeyId: 'AKIA', secretAccessKey: 'short' } },
      /the secret of AKIA must have at least 16/,
    ],
  ])('is not made for %s', (_, request, message) => {
    expect(() => createKey(withAda().file, request, maker())).toThrow(message);
  });
});

describe('rotation', () => {
  it('adds a key for the same principal and ends the old one after the grace', () => {
    const { file, result: old } = withAda();
    const request = { accessKeyId: old.accessKeyId, graceMs: HOUR_MS };
    const { file: rotated, result } = rotateKey(file, request, maker());
    expect(result.principal).toBe('ada');
    const [first, second] = listKeys(rotated, NOW_MS);
    expect(first).toMatchObject({ accessKeyId: old.accessKeyId, status: 'active' });
    expect(first?.expiresAt).toBe('2026-11-26T08:00:00Z');
    expect(second).toMatchObject({ accessKeyId: result.accessKeyId, expiresAt: '' });
    expect(listKeys(rotated, NOW_MS + HOUR_MS)[0]?.status).toBe('expired');
    expect(() => rotateKey(rotated, request, maker())).toThrow(/expires at .* by itself/);
  });

  it('without a grace takes the old one away at once', () => {
    const { file, result: old } = withAda();
    const { file: rotated, result } = rotateKey(
      file,
      { accessKeyId: old.accessKeyId, graceMs: 0 },
      maker(),
    );
    expect(rotated.keys.map(({ accessKeyId }) => accessKeyId)).toEqual([result.accessKeyId]);
  });

  it('of a key that is not there says so', () => {
    expect(() => rotateKey(EMPTY, { accessKeyId: 'LKIAX', graceMs: 0 }, maker())).toThrow(
      'There is no key "LKIAX"',
    );
  });
});

describe('revocation', () => {
  it('of a key leaves the principal and its other keys', () => {
    const { file, result } = withAda();
    const { file: two, result: other } = createKey(file, { principal: 'ada' }, maker());
    const { file: left } = revokeKey(two, result.accessKeyId);
    expect(left.keys.map(({ accessKeyId }) => accessKeyId)).toEqual([other.accessKeyId]);
    expect(left.principals).toEqual(file.principals);
    expect(() => revokeKey(left, result.accessKeyId)).toThrow(/There is no key/);
  });

  it('of a principal takes its policy and all its keys', () => {
    const { file } = createKey(withAda().file, { principal: 'ada' }, maker());
    const { file: both } = createKey(file, { principal: 'bob', policy: READ_ONLY }, maker());
    const { file: left, result } = revokePrincipal(both, 'ada');
    expect(result).toHaveLength(2);
    expect(left.keys.map(({ principal }) => principal)).toEqual(['bob']);
    expect(Object.keys(left.principals)).toEqual(['bob']);
    expect(() => revokePrincipal(left, 'constructor')).toThrow(/no principal "constructor"/);
  });
});

describe('a sealed secret', () => {
  const owner = { accessKeyId: 'LKIA1', principal: 'ada' };
  const master = masterKey(Buffer.alloc(32, 1));
  const sealed = master.seal({ secretAccessKey: 's' }, owner);

  it('is different each time', () => {
    expect(master.seal({ secretAccessKey: 's' }, owner)).not.toBe(sealed);
    expect(master.open(sealed, owner)).toEqual({ secretAccessKey: 's' });
  });

  it('opens under no other master key, for no other key id and for no other principal', () => {
    expect(masterKey(Buffer.alloc(32, 2)).open(sealed, owner)).toBeUndefined();
    expect(master.open(sealed, { ...owner, accessKeyId: 'LKIA2' })).toBeUndefined();
    expect(master.open(sealed, { ...owner, principal: 'admin' })).toBeUndefined();
  });

  it('does not open once any character is changed or missing', () => {
    for (let i = 0; i < sealed.length; i++) {
      const other = sealed[i] === 'A' ? 'Q' : 'A';
      expect(master.open(sealed.slice(0, i) + other + sealed.slice(i + 1), owner)).toBeUndefined();
    }
    for (const cut of ['', 'v1.', sealed.slice(0, 20), sealed.slice(0, -2), sealed.slice(3)])
      expect(master.open(cut, owner)).toBeUndefined();
  });
});
