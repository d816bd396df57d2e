import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.js';
import { OPERATIONS } from '../../src/model/operations.js';
import { float } from '../../src/model/scalars.js';
import { list, optional, type Shape, structure } from '../../src/model/shapes.js';
import { writeError, writeReply } from '../../src/protocol/reply.js';

const one = (shape: Shape, value: unknown): string =>
  writeReply(structure({ Value: optional(shape) }), { Value: value });

describe('a reply', () => {
  it('has its members in model order and leaves undefined and null out', () => {
    const output = {
      UserStatus: 'ACTIVE',
      UnsuccessfulFaceAssociations: null,
      AssociatedFaces: [{ FaceId: 'a' }, { FaceId: undefined }],
    };
    expect(writeReply(OPERATIONS.AssociateFaces.output, output)).toBe(
      '{"AssociatedFaces":[{"FaceId":"a"},{}],"UserStatus":"ACTIVE"}',
    );
  });

  it('drops what the model does not name', () => {
    const output = { StatusCode: 200, Secret: 'x', toString: 'y' };
    expect(writeReply(OPERATIONS.DeleteCollection.output, output)).toBe('{"StatusCode":200}');
  });

  it('is empty where the output has no members', () => {
    expect(writeReply(OPERATIONS.CreateUser.output, {})).toBe('');
  });

  it.each([
    [100, '100.0'],
    [0.185625, '0.18562500178813934'],
    [99.99999, '99.99999237060547'],
    [0.9375374913215637, '0.9375374913215637'],
    [7.748603820800781e-5, '7.748603820800781E-5'],
    [-0, '-0.0'],
  ])('writes the float %d as %s', (value, text) => {
    expect(one(float, value)).toBe(`{"Value":${text}}`);
  });

  it('gives back the float32 of every float it writes', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const read = JSON.parse(one(float, value)) as { Value: number };
        expect(Object.is(read.Value, value)).toBe(true);
      }),
    );
  });

  it('writes a timestamp as epoch seconds with milliseconds', () => {
    const output = { CreationTimestamp: 1_533_422_155_042, FaceCount: 3 };
    expect(writeReply(OPERATIONS.DescribeCollection.output, output)).toBe(
      '{"FaceCount":3,"CreationTimestamp":1.533422155042E9}',
    );
  });

  it('writes maps with any key, and text that stays JSON', () => {
    const Tags = Object.fromEntries([
      ['__proto__', 'a"b'],
      ['é', '\u2028\ud800'],
    ]);
    const body = writeReply(OPERATIONS.ListTagsForResource.output, { Tags });
    expect(body).toBe('{"Tags":{"__proto__":"a\\"b","é":"\u2028\\ud800"}}');
    expect(JSON.parse(body)).toEqual({ Tags });
  });

  it('writes blobs as base64, also views into a larger buffer', () => {
    const bytes = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
    expect(one({ kind: 'blob' }, bytes)).toBe('{"Value":"AQID"}');
  });

  it.each<[Shape, unknown]>([
    [float, Number.NaN],
    [float, '1'],
    [{ kind: 'integer' }, 1.5],
    [{ kind: 'long' }, 2 ** 60],
    [{ kind: 'string' }, 1],
    [{ kind: 'boolean' }, 'true'],
    [{ kind: 'timestamp' }, new Date(0)],
    [list(float), {}],
    [list(float), [1, null]],
    [structure({}), []],
    [{ kind: 'map', key: { kind: 'string' }, value: float }, []],
    [{ kind: 'blob' }, 'AQID'],
  ])('refuses as a bug: %j from %j', (shape, value) => {
    expect(() => one(shape, value)).toThrow(/^reply member \.Value(\[1\])? should be/);
  });
});

describe('an error body', () => {
  const id = '5022229e-0000-4000-8000-000000000000';
  it.each([
    [
      new ApiError('ResourceNotFoundException', 'The collection id: x does not exist'),
      `{"__type":"ResourceNotFoundException","Code":"ResourceNotFoundException","Logref":"${id}","Message":"The collection id: x does not exist"}`,
    ],
    [
      new ApiError('ValidationException', '1 validation error'),
      '{"__type":"ValidationException","message":"1 validation error"}',
    ],
    [
      new ApiError('SerializationException', 'Expected null'),
      '{"__type":"SerializationException","Message":"Expected null"}',
    ],
    [new ApiError('SerializationException'), '{"__type":"SerializationException"}'],
    [new ApiError('UnknownOperationException'), '{"__type":"UnknownOperationException"}'],
    [
      new ApiError('MissingAuthenticationTokenException'),
      '{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}',
    ],
  ])('of %s is %s', (error, body) => {
    expect(writeError(error, id)).toBe(body);
  });
});
