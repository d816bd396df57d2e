import { describe, expect, it } from 'vitest';
import { parseSearchSettings } from '../../src/domain/search-settings.js';

describe('the tag that says how a collection is searched', () => {
  it.each([
    ['flat', { engine: 'flat' }],
    ['  auto ', { engine: 'auto' }],
    ['hnswlib m=12', { engine: 'hnswlib', m: 12 }],
    [
      'hnsw m=32  efConstruction=400 ef=640 flat=0',
      { engine: 'hnsw', m: 32, efConstruction: 400, ef: 640, flat: 0 },
    ],
  ])('%s', (text, settings) => {
    expect(parseSearchSettings(text)).toEqual(settings);
  });

  it.each([
    ['', '"" is no engine; expected auto, flat, hnsw, hnswlib'],
    ['exact', '"exact" is no engine'],
    ['m=32', '"m=32" is no engine'],
    ['hnsw m', '"m" is no setting; expected flat=, m=, efConstruction=, ef= and a whole number'],
    ['hnsw links=3', '"links=3" is no setting'],
    ['hnsw m=1.5', '"m=1.5" is no setting'],
    ['hnsw constructor=1', '"constructor=1" is no setting'],
    ['hnsw m=1', 'm is 1, expected 2 to 64'],
    ['hnsw ef=65537', 'ef is 65537, expected 1 to 65536'],
    ['hnsw m=8 m=9', 'm is set twice'],
  ])('refuses %j', (text, problem) => {
    expect(() => parseSearchSettings(text)).toThrow(RangeError);
    expect(() => parseSearchSettings(text)).toThrow(problem);
  });
});
