import {
  DeleteUserCommand,
  ListFacesCommand,
  ListUsersCommand,
  ResourceNotFoundException,
  SearchUsersCommand,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { associate, indexFace, newUser, sharedClient, testCollection } from '../support/api.js';
import { portrait } from '../support/photos.js';

const client = sharedClient();

it('frees the faces, which stay, and is no longer found', async () => {
  const CollectionId = await testCollection(client);
  const FaceId = await indexFace(client, CollectionId, await portrait('berta'));
  await newUser(client, CollectionId, 'berta');
  await associate(client, CollectionId, 'berta', [FaceId]);
  await client.send(new DeleteUserCommand({ CollectionId, UserId: 'berta' }));
  expect(await client.send(new ListUsersCommand({ CollectionId }))).toMatchObject({ Users: [] });
  const { Faces = [] } = await client.send(new ListFacesCommand({ CollectionId }));
  expect(Faces.map((face) => [face.FaceId, face.UserId])).toEqual([[FaceId, undefined]]);
  const { UserMatches } = await client.send(
    new SearchUsersCommand({ CollectionId, FaceId, UserMatchThreshold: 0 }),
  );
  expect(UserMatches).toEqual([]);
});

it('answers a repeated token with success although the user is gone', async () => {
  const CollectionId = await testCollection(client);
  await newUser(client, CollectionId, 'ada');
  const remove = () =>
    client.send(new DeleteUserCommand({ CollectionId, UserId: 'ada', ClientRequestToken: 't' }));
  await remove();
  await expect(remove()).resolves.toBeDefined();
});

it('names a user that is not there', async () => {
  const CollectionId = await testCollection(client);
  const missing = client.send(new DeleteUserCommand({ CollectionId, UserId: 'ghost' }));
  await expect(missing).rejects.toBeInstanceOf(ResourceNotFoundException);
  await expect(missing).rejects.toThrow('The user id: ghost does not exist');
});
