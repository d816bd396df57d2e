import {
  DescribeCollectionCommand,
  ListTagsForResourceCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { sharedClient, testCollection } from '../support/api.js';

const client = sharedClient();

it('gives an empty map for a collection without tags', async () => {
  const CollectionId = await testCollection(client);
  const { CollectionARN: ResourceArn } = await client.send(
    new DescribeCollectionCommand({ CollectionId }),
  );
  const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceArn }));
  expect(Tags).toEqual({});
});

it('names a resource that is not there', async () => {
  const ResourceArn = 'arn:aws:rekognition:us-east-1:000000000000:collection/ghost';
  await expect(client.send(new ListTagsForResourceCommand({ ResourceArn }))).rejects.toBeInstanceOf(
    ResourceNotFoundException,
  );
});
