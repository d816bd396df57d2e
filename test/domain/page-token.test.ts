import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPageTokens } from '../../src/domain/page-token.js';

const tokens = createPageTokens(Buffer.alloc(32, 7));
const scope = ['ListFaces', 'collection', null];

describe('page tokens', () => {
  it('give the cursor back in the scope they were made for, within 255 characters', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string(), (cursor, collectionId) => {
        const token = tokens.write(['ListFaces', collectionId], cursor);
        expect(token.length).toBeLessThanOrEqual(255);
        expect(tokens.read(['ListFaces', collectionId], token)).toBe(cursor);
      }),
    );
  });

  it('are never the same twice and show nothing of their cursor', () => {
    const made = Array.from({ length: 200 }, () => tokens.write(scope, 5));
    expect(new Set(made).size).toBe(made.length);
    for (const token of made)
      expect(Buffer.from(token, 'base64url').includes(Buffer.from([0, 0, 0, 0, 5]))).toBe(false);
  });

  it('mean the first page when absent', () => {
    expect(tokens.read(scope, undefined)).toBeUndefined();
  });

  it.each([
    ['another collection', ['ListFaces', 'other', null]],
    ['another operation', ['ListUsers', 'collection', null]],
    ['another filter', ['ListFaces', 'collection', 'user']],
  ])('are refused in %s', (_, other) => {
    expect(() => tokens.read(other, tokens.write(scope, 5))).toThrow('Invalid Token');
  });

  it('are refused after any change of one character', () => {
    const token = tokens.write(scope, 5);
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      expect(() => tokens.read(scope, changed)).toThrow('Invalid Token');
    }
  });

  it.each(['', 'x', '!!!!', 'A'.repeat(48), 'A'.repeat(255)])(
    'are refused when made up: %j',
    (token) => {
      expect(() => tokens.read(scope, token)).toThrow('Invalid Token');
    },
  );

  it('are refused under another key', () => {
    const foreign = createPageTokens(Buffer.alloc(32, 8)).write(scope, 5);
    expect(() => tokens.read(scope, foreign)).toThrow('Invalid Token');
  });
});
