import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { OperationInput } from '../../src/model/operations.js';
import { call, dispatchWith, handlersWith } from './support.js';

const FACE = '11111111-2222-3333-4444-555555555555';
const valid = { CollectionId: 'c', UserId: 'u', FaceIds: [FACE] };
const image = (Bytes: unknown) => ({ CollectionId: 'c', Image: { Bytes } });

describe('a wrong type is a SerializationException with the text of the real front end', () => {
  it.each([
    [
      'CreateUser',
      { CollectionId: 1 },
      'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String',
    ],
    [
      'CreateUser',
      { CollectionId: true },
      'class java.lang.Boolean can not be converted to an String',
    ],
    ['CreateUser', { CollectionId: ['c'] }, 'Start of list found where not expected'],
    ['CreateUser', { CollectionId: {} }, 'Start of structure or map found where not expected.'],
    ['ListFaces', { MaxResults: '5' }, 'class java.lang.String can not be converted to an Integer'],
    [
      'ListFaces',
      { MaxResults: false },
      'class java.lang.Boolean can not be converted to an Integer',
    ],
    ['ListFaces', { MaxResults: [] }, 'Start of list found where not expected'],
    [
      'AssociateFaces',
      { UserMatchThreshold: 'NaN' },
      'class java.lang.String can not be converted to an Float',
    ],
    [
      'AssociateFaces',
      { UserMatchThreshold: 'Infinity' },
      'class java.lang.String can not be converted to an Float',
    ],
    ['AssociateFaces', { FaceIds: FACE }, 'Expected list or null'],
    ['AssociateFaces', { FaceIds: 1 }, 'Expected list or null'],
    [
      'AssociateFaces',
      { FaceIds: { a: 1 } },
      'Start of structure or map found where not expected.',
    ],
    ['AssociateFaces', { FaceIds: [[FACE]] }, 'Start of list found where not expected'],
    [
      'AssociateFaces',
      { FaceIds: [7] },
      'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String',
    ],
    ['CreateCollection', { Tags: 'a=b' }, 'Expected map or null'],
    ['CreateCollection', { Tags: [] }, 'Start of list found where not expected'],
    [
      'CreateCollection',
      { Tags: { a: 1 } },
      'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String',
    ],
    ['IndexFaces', { Image: 'x' }, 'Expected null'],
    ['IndexFaces', { Image: 3 }, 'Expected null'],
    ['IndexFaces', { Image: [] }, 'Start of list found where not expected'],
    [
      'IndexFaces',
      { Image: { S3Object: { Bucket: 1 } } },
      'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String',
    ],
    [
      'IndexFaces',
      image(5),
      'class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a Blob',
    ],
    ['IndexFaces', image(true), 'class java.lang.Boolean can not be converted to a Blob'],
    [
      'IndexFaces',
      image('abcde'),
      "'abcde' can not be converted to a Blob: Base64 encoded length is expected a multiple of 4 bytes but found: 5",
    ],
    [
      'IndexFaces',
      image('ab!d'),
      "'ab!d' can not be converted to a Blob: Invalid Base64 character: '!'",
    ],
    [
      'IndexFaces',
      image('ab-_'),
      "'ab-_' can not be converted to a Blob: Invalid Base64 character: '-'",
    ],
    [
      'IndexFaces',
      image('a=bc'),
      "'a=bc' can not be converted to a Blob: Invalid Base64 character: '='",
    ],
    [
      'IndexFaces',
      image('YWJj\nYWI'),
      "'YWJj\nYWI' can not be converted to a Blob: Invalid Base64 character: '\n'",
    ],
    [
      'IndexFaces',
      image('AB=='),
      "'AB==' can not be converted to a Blob: Invalid last non-pad Base64 character dectected",
    ],
  ] as const)('%s %j', async (operation, body, text) => {
    expect(await call(operation, body)).toEqual({
      status: 400,
      body: { __type: 'SerializationException', Message: text },
    });
  });
});

/** What the handler of an operation is given for a body. */
async function received<
  N extends 'AssociateFaces' | 'ListFaces' | 'CreateCollection' | 'IndexFaces',
>(operation: N, body: unknown): Promise<OperationInput<N>> {
  let seen: OperationInput<N> | undefined;
  const spy = async (input: OperationInput<N>) => {
    seen = input;
    return {};
  };
  const reply = await call(
    operation,
    body,
    dispatchWith({ handlers: handlersWith({ [operation]: spy }) }),
  );
  expect(reply).toEqual({ status: 200, body: {} });
  return seen!;
}

describe('a handler', () => {
  it('gets neither unknown members nor nulls', async () => {
    const input = await received('AssociateFaces', {
      ...valid,
      UserMatchThreshold: null,
      Unknown: { deep: [1] },
      constructor: 'x',
    });
    expect(input).toStrictEqual(valid);
  });

  it('gets whole numbers floored and clamped to 32 bits', async () => {
    expect(await received('ListFaces', { CollectionId: 'c', MaxResults: 7.9 })).toMatchObject({
      MaxResults: 7,
    });
    const clamped = await call('ListFaces', { CollectionId: 'c', MaxResults: 1e300 });
    expect(clamped.body['message']).toContain("Value '2147483647' at 'maxResults'");
    const low = await call('ListFaces', { CollectionId: 'c', MaxResults: -1e300 });
    expect(low.body['message']).toContain("Value '-2147483648' at 'maxResults'");
  });

  it('gets thresholds as float32', async () => {
    const { UserMatchThreshold } = await received('AssociateFaces', {
      ...valid,
      UserMatchThreshold: 99.99,
    });
    expect(UserMatchThreshold).toBe(Math.fround(99.99));
  });

  it('gets the bytes of any blob', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const body = image(Buffer.from(bytes).toString('base64'));
        const { Image } = await received('IndexFaces', body);
        expect([...Image.Bytes!]).toEqual([...bytes]);
      }),
      { numRuns: 50 },
    );
  });

  it('gets the last of two members with one name', async () => {
    const body = '{"CollectionId":"first","CollectionId":"last"}';
    expect(await received('ListFaces', body)).toEqual({ CollectionId: 'last' });
  });

  it('cannot be reached through a prototype', async () => {
    const body =
      '{"CollectionId":"c","__proto__":{"MaxResults":5},"constructor":{"prototype":{"x":1}}}';
    expect(await received('ListFaces', body)).toStrictEqual({ CollectionId: 'c' });
    const tagged = await received(
      'CreateCollection',
      '{"CollectionId":"c","Tags":{"__proto__":"v","constructor":"w"}}',
    );
    expect(Object.entries(tagged.Tags!)).toEqual([
      ['__proto__', 'v'],
      ['constructor', 'w'],
    ]);
    expect(({} as Record<string, unknown>)['MaxResults']).toBeUndefined();
  });

  it('is not reached by a required member that only a prototype could provide', async () => {
    const reply = await call('ListFaces', '{"__proto__":{"CollectionId":"c"}}');
    expect(reply.body['message']).toContain("Value null at 'collectionId'");

    const prototype = Object.prototype as unknown as Record<string, unknown>;
    prototype['CollectionId'] = 'polluted elsewhere';
    const polluted = call('ListFaces', '{}');
    await polluted.finally(() => delete prototype['CollectionId']);
    expect((await polluted).body['message']).toContain("Value null at 'collectionId'");
  });
});

describe('a body', () => {
  it.each([
    ['no JSON', '{"CollectionId":'],
    ['a list', '[1]'],
    ['a string', '"x"'],
    ['null', 'null'],
    ['a number', '3'],
    ['blank', ' '],
    ['with a byte order mark', '\ufeff{}'],
    ['with half a surrogate pair', '{"CollectionId":"\\ud800"}'],
    ['with half a surrogate pair as a map key', '{"CollectionId":"c","Tags":{"\\udc00":"v"}}'],
  ])('that is %s is a SerializationException without a text', async (_, body) => {
    expect(await call('CreateCollection', body)).toEqual({
      status: 400,
      body: { __type: 'SerializationException' },
    });
  });

  it('that is not UTF-8 is a SerializationException', async () => {
    const dispatch = dispatchWith();
    const body = Buffer.concat([Buffer.from('{"CollectionId":"'), Buffer.from([0xff, 0x22, 0x7d])]);
    const reply = await dispatch(
      {
        method: 'POST',
        url: '/',
        headers: {
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'RekognitionService.DeleteCollection',
        },
        body,
      },
      new AbortController().signal,
    );
    expect(reply.body).toBe('{"__type":"SerializationException"}');
  });

  it('nested a million deep, or in the wrong place, harms nothing', async () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    expect((await call('ListFaces', `{"CollectionId":"c","X":${deep}}`)).status).toBe(200);
    const wrong = await call('AssociateFaces', `{"CollectionId":"c","FaceIds":${deep}}`);
    expect(wrong.body['Message']).toBe('Start of list found where not expected');
  });

  it('of any JSON value never gets a 500', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            CollectionId: fc.oneof(fc.constant('c'), fc.jsonValue()),
            UserId: fc.oneof(fc.constant('u'), fc.jsonValue()),
            FaceIds: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
            UserMatchThreshold: fc.oneof(fc.double(), fc.jsonValue()),
          },
          { requiredKeys: [] },
        ),
        async (body) => {
          const reply = await call('AssociateFaces', body);
          const outcome = `${reply.status} ${String(reply.body['__type'])}`;
          expect([
            '200 undefined',
            '400 SerializationException',
            '400 ValidationException',
          ]).toContain(outcome);
        },
      ),
      { numRuns: 500 },
    );
  });
});
