import { describe, expect, it } from 'vitest';
import { credentials, NOW_MS } from '../protocol/support.js';
import { headersFor, JSON_1_1, post, serverWith, target } from './support.js';

const UNDETERMINED =
  '<AccessDeniedException>\n  <Message>Unable to determine service/operation name to be authorized</Message>\n</AccessDeniedException>\n';

interface Row {
  method: 'GET' | 'PUT' | 'DELETE' | 'OPTIONS' | 'POST';
  url: string;
  headers: Record<string, string>;
  payload: string;
  status: number;
  body: string;
}
const aRow = (
  [method, url, headers, payload]: [Row['method'], string, Record<string, string>, string],
  status: number,
  body: string,
): Row => ({ method, url, headers, payload, status, body });

/** Each fails in several ways; the answer shows which check comes first (contract section 2). */
const ROWS: Row[] = [
  aRow(['GET', '/', {}, ''], 403, UNDETERMINED),
  aRow(['PUT', '/', headersFor('ListCollections'), '{}'], 403, UNDETERMINED),
  aRow(['DELETE', '/x', {}, ''], 403, UNDETERMINED),
  aRow(['OPTIONS', '/', {}, ''], 403, UNDETERMINED),
  aRow(['POST', '/', {}, ''], 400, '{"__type":"UnknownOperationException"}'),
  aRow(['POST', '/', target('ListCollections'), ''], 400, '{"__type":"SerializationException"}'),
  aRow(
    ['POST', '/', { 'content-type': JSON_1_1 }, ''],
    400,
    '{"__type":"UnknownOperationException"}',
  ),
  aRow(['POST', '/', { 'content-type': 'text/plain' }, '{}'], 403, UNDETERMINED),
  aRow(['POST', '/', { 'content-type': 'nonsense' }, '{}'], 403, UNDETERMINED),
  aRow(
    [
      'POST',
      '/',
      { 'content-type': 'application/x-amz-json-1.0', ...target('ListCollections') },
      '{}',
    ],
    404,
    '<UnknownOperationException/>\n',
  ),
  aRow(
    ['POST', '/', { 'content-type': 'nonsense', ...target('ListCollections') }, '{}'],
    404,
    '<UnknownOperationException/>\n',
  ),
  aRow(
    ['POST', '/', { 'content-type': 'application/json', ...target('ListCollections') }, '{}'],
    404,
    '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
  ),
  aRow(
    ['POST', '/', { 'content-type': JSON_1_1 }, '{'],
    400,
    '{"__type":"SerializationException"}',
  ),
  aRow(
    ['POST', '/', headersFor('ListCollections'), '[]'],
    400,
    '{"__type":"SerializationException"}',
  ),
  aRow(
    ['POST', '/', { 'content-type': JSON_1_1 }, '{}'],
    400,
    '{"__type":"UnknownOperationException"}',
  ),
  aRow(
    ['POST', '/', headersFor('DetectLabels'), '{}'],
    400,
    '{"__type":"UnknownOperationException"}',
  ),
  aRow(['POST', '/', headersFor('toString'), '{}'], 400, '{"__type":"UnknownOperationException"}'),
  aRow(
    ['POST', '/', { 'content-type': JSON_1_1, 'x-amz-target': 'Other.ListCollections' }, '{}'],
    400,
    '{"__type":"UnknownOperationException"}',
  ),
  aRow(
    ['POST', '/', headersFor('ListCollections'), '{"MaxResults":"x"}'],
    400,
    '{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}',
  ),
];

const TYPES = new Map([
  [400, JSON_1_1],
  [404, undefined],
  [403, undefined],
]);

describe('the order of checks', () => {
  it.each(ROWS)('$method $url $headers $payload', async (row) => {
    const app = serverWith({}, { authentication: { credentials, regions: [] }, now: () => NOW_MS });
    const { method, url, headers, payload } = row;
    const reply = await app.inject({ method, url, headers, ...(payload && { payload }) });
    expect([reply.statusCode, reply.body]).toEqual([row.status, row.body]);
    expect(reply.headers['x-amzn-requestid']).toBeTruthy();
    const legacy = row.body.startsWith('{"Output"') ? 'application/json' : TYPES.get(row.status);
    expect(reply.headers['content-type']).toBe(legacy);
  });

  it('has types before constraints', async () => {
    const reply = await post(serverWith(), 'ListFaces', '{"CollectionId":"","MaxResults":"x"}');
    expect(reply.json()).toMatchObject({ __type: 'SerializationException' });
  });
});
