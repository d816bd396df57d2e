import { randomUUID } from 'node:crypto';
import {
  DisassociateFacesCommand,
  ResourceNotFoundException,
  SearchUsersCommand,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import {
  associate,
  indexFace,
  newUser,
  sharedClient,
  statusOf,
  testCollection,
} from '../support/api.js';
import { portrait, portraits } from '../support/photos.js';

const client = sharedClient();

it('takes faces away, passes over free ones and names foreign and unknown ones', async () => {
  const CollectionId = await testCollection(client);
  const [mine = '', kept = '', free = ''] = await Promise.all(
    (await portraits('berta', 3)).map((photo) => indexFace(client, CollectionId, photo)),
  );
  const foreign = await indexFace(client, CollectionId, await portrait('clara'));
  for (const user of ['berta', 'clara']) await newUser(client, CollectionId, user);
  await associate(client, CollectionId, 'berta', [mine, kept]);
  await associate(client, CollectionId, 'clara', [foreign]);
  const unknown = randomUUID();
  const reply = await client.send(
    new DisassociateFacesCommand({
      CollectionId,
      UserId: 'berta',
      FaceIds: [mine, free, foreign, unknown],
    }),
  );
  expect(reply).toMatchObject({ DisassociatedFaces: [{ FaceId: mine }], UserStatus: 'ACTIVE' });
  expect(reply.UnsuccessfulFaceDisassociations).toEqual([
    { FaceId: foreign, UserId: 'clara', Reasons: ['ASSOCIATED_TO_A_DIFFERENT_USER'] },
    { FaceId: unknown, Reasons: ['FACE_NOT_FOUND'] },
  ]);
});

it('leaves a user without faces in status CREATED, found by nobody, open for any first face', async () => {
  const CollectionId = await testCollection(client);
  const FaceId = await indexFace(client, CollectionId, await portrait('berta'));
  const other = await indexFace(client, CollectionId, await portrait('clara'));
  await newUser(client, CollectionId, 'u');
  await associate(client, CollectionId, 'u', [FaceId]);
  const reply = await client.send(
    new DisassociateFacesCommand({ CollectionId, UserId: 'u', FaceIds: [FaceId] }),
  );
  expect(reply.UserStatus).toBe('CREATED');
  expect(await statusOf(client, CollectionId, 'u')).toBe('CREATED');
  const { UserMatches } = await client.send(
    new SearchUsersCommand({ CollectionId, FaceId, UserMatchThreshold: 0 }),
  );
  expect(UserMatches).toEqual([]);
  const { AssociatedFaces } = await associate(client, CollectionId, 'u', [other]);
  expect(AssociatedFaces).toEqual([{ FaceId: other }]);
});

it('names a user that is not there', async () => {
  const CollectionId = await testCollection(client);
  await expect(
    client.send(
      new DisassociateFacesCommand({ CollectionId, UserId: 'ghost', FaceIds: [randomUUID()] }),
    ),
  ).rejects.toBeInstanceOf(ResourceNotFoundException);
});
