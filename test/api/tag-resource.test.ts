import {
  CreateCollectionCommand,
  DescribeCollectionCommand,
  InvalidParameterException,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  ServiceQuotaExceededException,
  TagResourceCommand,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { sharedClient, testCollection } from '../support/api.js';

const client = sharedClient();

const arnOf = async (CollectionId: string): Promise<string> => {
  const { CollectionARN } = await client.send(new DescribeCollectionCommand({ CollectionId }));
  return CollectionARN ?? '';
};
const tagsOf = async (ResourceArn: string) =>
  (await client.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags;

it('merges tags and overwrites equal keys', async () => {
  const ResourceArn = await arnOf(await testCollection(client));
  await client.send(new TagResourceCommand({ ResourceArn, Tags: { a: '1', b: '2' } }));
  await client.send(new TagResourceCommand({ ResourceArn, Tags: { b: '3', c: '' } }));
  expect(await tagsOf(ResourceArn)).toEqual({ a: '1', b: '3', c: '' });
});

it('refuses to go above 50 tags and changes nothing', async () => {
  const ResourceArn = await arnOf(await testCollection(client));
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'v']));
  await client.send(new TagResourceCommand({ ResourceArn, Tags: many }));
  await expect(
    client.send(new TagResourceCommand({ ResourceArn, Tags: { k0: 'w', extra: 'v' } })),
  ).rejects.toBeInstanceOf(ServiceQuotaExceededException);
  expect(await tagsOf(ResourceArn)).toEqual(many);
});

it.each([
  'arn:aws:rekognition:us-east-1:000000000000:collection/ghost',
  'arn:aws:rekognition:mars-north-1:000000000000:collection/ghost',
  'arn:aws:s3:::some-bucket-somewhere',
])('does not know %s', async (ResourceArn) => {
  await expect(
    client.send(new TagResourceCommand({ ResourceArn, Tags: { a: '1' } })),
  ).rejects.toBeInstanceOf(ResourceNotFoundException);
});

it('takes a tag that says how a collection is searched, and refuses one that does not say it', async () => {
  const ResourceArn = await arnOf(await testCollection(client));
  const tag = (value: string) =>
    client.send(new TagResourceCommand({ ResourceArn, Tags: { 'likeness:engine': value } }));
  await tag('hnsw m=32 ef=400 flat=1000');
  expect(await tagsOf(ResourceArn)).toEqual({ 'likeness:engine': 'hnsw m=32 ef=400 flat=1000' });
  const refusal = await tag('hnsw m=1').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(InvalidParameterException);
  expect((refusal as Error).message).toBe(
    'The tag likeness:engine is not valid: m is 1, expected 2 to 64',
  );
  await expect(
    client.send(
      new CreateCollectionCommand({
        CollectionId: 'never-made',
        Tags: { 'likeness:engine': 'quick' },
      }),
    ),
  ).rejects.toThrow('"quick" is no engine; expected auto, flat, hnsw, hnswlib');
});
