import { describe, expect, it } from 'vitest';
import type { OperationName } from '../../src/model/operations.js';
import { optional, structure } from '../../src/model/shapes.js';
import { createValidator } from '../../src/protocol/validate.js';
import { call, dispatchWith } from './support.js';

const FACE = '11111111-2222-3333-4444-555555555555';
const dispatch = dispatchWith();
const message = async (operation: OperationName, body: unknown): Promise<unknown> => {
  const reply = await call(operation, body, dispatch);
  expect(reply.status).toBe(400);
  expect(reply.body['__type']).toBe('ValidationException');
  return reply.body['message'];
};

const tag = (key: string) =>
  call('CreateCollection', { CollectionId: 'c', Tags: { [key]: '' } }, dispatch);

describe('the text of a ValidationException', () => {
  it('is what Rekognition answers to an empty image', async () => {
    expect(await message('DetectFaces', { Image: { Bytes: '' } })).toBe(
      "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'image.bytes' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  });

  it('is what Rekognition answers to an image id with a slash', async () => {
    const body = { CollectionId: 'c', Image: {}, ExternalImageId: 'train/a.PNG' };
    expect(await message('IndexFaces', body)).toBe(
      "1 validation error detected: Value 'train/a.PNG' at 'externalImageId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.\\-:]+",
    );
  });

  it('shows a threshold as Java prints a float', async () => {
    const body = { CollectionId: 'c', UserId: 'u', FaceIds: [FACE], UserMatchThreshold: 101 };
    expect(await message('AssociateFaces', body)).toBe(
      "1 validation error detected: Value '101.0' at 'userMatchThreshold' failed to satisfy constraint: Member must have value less than or equal to 100",
    );
    expect(await message('AssociateFaces', { ...body, UserMatchThreshold: 1e30 })).toContain(
      "Value '1.0E30' at",
    );
    expect(await message('AssociateFaces', { ...body, UserMatchThreshold: 1e300 })).toContain(
      "Value 'Infinity' at",
    );
  });

  it('lists several faults in model order', async () => {
    const body = { UserMatchThreshold: -1, FaceIds: [], UserId: '' };
    expect(await message('AssociateFaces', body)).toBe(
      "5 validation errors detected: Value null at 'collectionId' failed to satisfy constraint: Member must not be null; " +
        "Value '' at 'userId' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
        "Value '' at 'userId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.\\-:]+; " +
        "Value '[]' at 'faceIds' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
        "Value '-1.0' at 'userMatchThreshold' failed to satisfy constraint: Member must have value greater than or equal to 0",
    );
  });

  it('lists ten faults at most', async () => {
    const bad = { Bytes: '', S3Object: { Bucket: '/', Name: '', Version: '' } };
    const body = {
      SourceImage: bad,
      TargetImage: bad,
      SimilarityThreshold: 101,
      QualityFilter: 'x',
    };
    const text = String(await message('CompareFaces', body));
    expect(text).toMatch(/^10 validation errors detected: /);
    expect(text.match(/failed to satisfy/g)).toHaveLength(10);
    expect(text).not.toContain('qualityFilter');
  });

  it('cuts the faults of one member where ten are reached', () => {
    const word = optional({ kind: 'string', min: 1, pattern: 'a+' });
    const shape = structure({
      Number: optional({ kind: 'integer', min: 1 }),
      ...Object.fromEntries(['A', 'B', 'C', 'D', 'E'].map((name) => [name, word])),
    });
    const refuse = () => createValidator(shape)({ Number: 0, A: '', B: '', C: '', D: '', E: '' });
    expect(refuse).toThrow(
      /^10 validation errors detected: .* at 'e' .* length greater than[^;]*$/,
    );
  });

  it('judges the elements of a list together', async () => {
    const body = { CollectionId: 'c', Image: {}, DetectionAttributes: ['ALL', 'HAIR', 'HAT'] };
    expect(await message('IndexFaces', body)).toMatch(
      /^1 validation error detected: Value '\[ALL, HAIR, HAT\]' at 'detectionAttributes' failed to satisfy constraint: Member must satisfy constraint: \[Member must satisfy enum value set: \[DEFAULT, ALL, .*, SUNGLASSES\]\]$/,
    );
  });

  it('names a null among the elements of a list and among the values of a map', async () => {
    const list = await message('DeleteFaces', { CollectionId: 'c', FaceIds: [FACE, null] });
    expect(list).toContain(`Value '[${FACE}, null]' at 'faceIds'`);
    expect(list).toMatch(/, Member must not be null\]$/);
    const map = await message('CreateCollection', { CollectionId: 'c', Tags: { a: null } });
    expect(map).toContain("Value '{a=null}' at 'tags' failed to satisfy constraint: Map value");
  });

  it('takes patterns as full matches', async () => {
    for (const CollectionId of ['a\n', '\na', 'a b', 'ä', 'a/b'])
      expect(await message('ListFaces', { CollectionId })).toContain("at 'collectionId'");
    const body = { CollectionId: 'c', FaceId: `${FACE}0` };
    expect(await message('SearchFaces', body)).toContain("at 'faceId'");
    expect(await message('SearchFaces', { ...body, FaceId: FACE.replace('1', 'A') })).toContain(
      "at 'faceId'",
    );
  });

  it('knows letters of every script in tags, counts characters, and refuses the aws: prefix', async () => {
    expect((await tag('日本語 ключ 𐐀')).status).toBe(200);
    expect((await tag('𐐀'.repeat(128))).status).toBe(200);
    expect((await tag('𐐀'.repeat(129))).body['message']).toContain('Map keys must satisfy');
    expect((await tag('aws:x')).body['message']).toContain('Map keys must satisfy constraint');
    expect((await tag('a!')).body['message']).toContain('Map keys must satisfy constraint');
  });

  it('stays within a bound for a huge value', async () => {
    const FaceIds = Array.from({ length: 200_000 }, () => FACE);
    const text = String(await message('DeleteFaces', { CollectionId: 'c', FaceIds }));
    expect(text.length).toBeLessThan(300_000);
    expect(text).toMatch(
      /\.\.\.' at 'faceIds' failed to satisfy constraint: Member must have length less than or equal to 4096$/,
    );
  });
});
