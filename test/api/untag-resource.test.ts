import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
  UntagResourceCommand,
} from '@aws-sdk/client-rekognition';
import { expect, it, onTestFinished } from 'vitest';
import { sharedClient } from '../support/api.js';

const client = sharedClient();

it('removes the named tags and passes over unknown ones', async () => {
  const CollectionId = `test-untag-${Date.now()}`;
  const { CollectionArn: ResourceArn = '' } = await client.send(
    new CreateCollectionCommand({ CollectionId, Tags: { a: '1', b: '2', c: '3' } }),
  );
  onTestFinished(async () => {
    await client.send(new DeleteCollectionCommand({ CollectionId }));
  });
  await client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['a', 'c', 'never-there'] }));
  const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceArn }));
  expect(Tags).toEqual({ b: '2' });
});

it('names a resource that is not there', async () => {
  const ResourceArn = 'arn:aws:rekognition:us-east-1:000000000000:collection/ghost';
  await expect(
    client.send(new UntagResourceCommand({ ResourceArn, TagKeys: ['a'] })),
  ).rejects.toBeInstanceOf(ResourceNotFoundException);
});
