import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.js';
import { handlersWith } from '../protocol/support.js';
import { headersFor, JSON_1_1, post, serverWith } from './support.js';

const deletes = handlersWith({ DeleteCollection: async () => ({ StatusCode: 200 }) });

describe('a call', () => {
  it.each(['/', '/foo/bar', '/rek/v1/', '/health/live', '/a%20b?x=%zz', `/${'p'.repeat(3000)}`])(
    'is routed by its target at %s',
    async (url) => {
      const reply = await serverWith({}, { handlers: deletes }).inject({
        method: 'POST',
        url,
        headers: {
          ...headersFor('DeleteCollection'),
          'content-type': `${JSON_1_1}; charset=utf-8`,
        },
        payload: '{"CollectionId":"c"}',
      });
      expect([reply.statusCode, reply.body]).toEqual([200, '{"StatusCode":200}']);
      expect(reply.headers['content-type']).toBe(JSON_1_1);
      expect(reply.headers['content-length']).toBe('18');
      expect(Date.parse(String(reply.headers.date))).not.toBeNaN();
    },
  );

  it('of an operation without output members has an empty body', async () => {
    const reply = await post(serverWith(), 'CreateUser', '{"CollectionId":"c","UserId":"u"}');
    expect([reply.statusCode, reply.body, reply.headers['content-length']]).toEqual([200, '', '0']);
  });

  it('that throws an ApiError is answered with its body and status', async () => {
    const app = serverWith(
      {},
      {
        handlers: handlersWith({
          DeleteCollection: async () => {
            throw new ApiError('ResourceNotFoundException', 'The collection id: c does not exist');
          },
          ListUsers: async () => {
            throw new ApiError('ThrottlingException');
          },
        }),
      },
    );
    const missing = await post(app, 'DeleteCollection');
    expect(missing.statusCode).toBe(400);
    expect(missing.json()).toEqual({
      __type: 'ResourceNotFoundException',
      Code: 'ResourceNotFoundException',
      Logref: missing.headers['x-amzn-requestid'],
      Message: 'The collection id: c does not exist',
    });
    const slow = await post(app, 'ListUsers');
    expect(slow.statusCode).toBe(500);
    expect(slow.json()).toMatchObject({ __type: 'ThrottlingException' });
  });

  it('that fails by a bug says nothing of it to the caller and everything to the log', async () => {
    const logged: [object, string][] = [];
    const broken = new Error('/secret/path: database is on fire');
    const app = serverWith(
      {},
      {
        handlers: handlersWith({
          ListCollections: async () => {
            throw broken;
          },
          DescribeCollection: async () => ({ FaceCount: Number.NaN }),
        }),
        log: { info: () => undefined, error: (fields, text) => logged.push([fields, text]) },
      },
    );
    const replies = [await post(app, 'ListCollections'), await post(app, 'DescribeCollection')];
    for (const reply of replies) {
      expect(reply.statusCode).toBe(500);
      expect(reply.json()).toEqual({
        __type: 'InternalServerError',
        Code: 'InternalServerError',
        Logref: reply.headers['x-amzn-requestid'],
        Message: 'Internal server error',
      });
    }
    expect(logged).toMatchObject([
      [{ operation: 'ListCollections', err: broken }, 'request failed'],
      [{ operation: 'DescribeCollection' }, 'request failed'],
    ]);
  });

  it('is timed step by step and counted once', async () => {
    const steps: string[] = [];
    const times: number[] = [];
    const ends: string[] = [];
    const app = serverWith(
      {},
      {
        observer: {
          step: (step, operation, seconds) => {
            steps.push(`${operation} ${step}`);
            times.push(seconds);
          },
          request: (operation, code) => ends.push(`${operation} ${code}`),
        },
      },
    );
    await post(app, 'ListFaces');
    expect(steps).toEqual([
      'ListFaces read',
      'ListFaces target',
      'ListFaces authenticate',
      'ListFaces authorise',
      'ListFaces parse',
      'ListFaces validate',
      'ListFaces invoke',
      'ListFaces serialise',
    ]);
    expect(times.every((seconds) => seconds >= 0)).toBe(true);

    steps.length = 0;
    await post(app, 'ListFaces', '{}');
    await post(app, 'Nonsense', '{}');
    await app.inject({ method: 'GET', url: '/' });
    expect(steps.slice(5)).toEqual([
      'ListFaces validate',
      'Unknown read',
      'Unknown target',
      'Unknown read',
    ]);
    expect(ends).toEqual([
      'ListFaces OK',
      'ListFaces ValidationException',
      'Unknown UnknownOperationException',
      'Unknown Refused',
    ]);
  });

  it('leaves neither its body nor its signature in the log', async () => {
    const lines: string[] = [];
    const take = (fields: object, text: string) => lines.push(JSON.stringify([fields, text]));
    const app = serverWith({}, { log: { info: take, error: take } });
    await app.inject({
      method: 'POST',
      url: '/?password=hidden',
      headers: { ...headersFor('ListFaces'), authorization: 'AWS4 hidden' },
      payload: '{"CollectionId":"hidden"}',
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"operation":"ListFaces"');
    expect(lines[0]).not.toContain('hidden');
  });

  it('cannot be served by a table of handlers that does not match the model', () => {
    const { CreateUser: _, ...rest } = handlersWith();
    const wrong = { ...rest, Dance: async () => ({}) };
    expect(() => serverWith({}, { handlers: wrong as never })).toThrow(
      'missing [CreateUser], unknown [Dance]',
    );
  });
});
