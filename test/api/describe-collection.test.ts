import { DescribeCollectionCommand, ResourceNotFoundException } from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { indexFace, newUser, sharedClient, testCollection } from '../support/api.js';
import { portrait } from '../support/photos.js';

const client = sharedClient();

it('counts faces and users and gives the full ARN and the age', async () => {
  const before = Date.now();
  const CollectionId = await testCollection(client);
  await indexFace(client, CollectionId, await portrait('anna'));
  await newUser(client, CollectionId, 'u1');
  await newUser(client, CollectionId, 'u2');
  const reply = await client.send(new DescribeCollectionCommand({ CollectionId }));
  expect(reply).toMatchObject({ FaceCount: 1, UserCount: 2 });
  expect(reply.CollectionARN).toMatch(
    new RegExp(`^arn:aws:rekognition:us-east-1:\\d{12}:collection/${CollectionId}$`),
  );
  expect(reply.CreationTimestamp?.getTime()).toBeGreaterThanOrEqual(before - 1000);
  expect(reply.CreationTimestamp?.getTime()).toBeLessThanOrEqual(Date.now() + 1000);
});

it('has a text of its own for a missing collection', async () => {
  const missing = client.send(new DescribeCollectionCommand({ CollectionId: 'ghost' }));
  await expect(missing).rejects.toBeInstanceOf(ResourceNotFoundException);
  await expect(missing).rejects.toThrow('Collection:ghost not found!');
});
