import {
  CreateCollectionCommand,
  DeleteCollectionCommand,
  DescribeCollectionCommand,
  ListFacesCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-rekognition';
import { expect, it, onTestFinished } from 'vitest';
import { indexFace, newCollection, newUser, sharedClient } from '../support/api.js';
import { portrait } from '../support/photos.js';

const client = sharedClient();

it('removes the collection with everything in it; the id can be used again and starts empty', async () => {
  const CollectionId = await newCollection(client);
  await indexFace(client, CollectionId, await portrait('anna'));
  await newUser(client, CollectionId);
  expect(await client.send(new DeleteCollectionCommand({ CollectionId }))).toMatchObject({
    StatusCode: 200,
  });
  await expect(client.send(new ListFacesCommand({ CollectionId }))).rejects.toBeInstanceOf(
    ResourceNotFoundException,
  );
  await client.send(new CreateCollectionCommand({ CollectionId }));
  onTestFinished(async () => {
    await client.send(new DeleteCollectionCommand({ CollectionId }));
  });
  expect(await client.send(new DescribeCollectionCommand({ CollectionId }))).toMatchObject({
    FaceCount: 0,
    UserCount: 0,
  });
});

it('names a collection that is not there', async () => {
  const missing = client.send(new DeleteCollectionCommand({ CollectionId: 'ghost' }));
  await expect(missing).rejects.toBeInstanceOf(ResourceNotFoundException);
  await expect(missing).rejects.toThrow('The collection id: ghost does not exist');
});
