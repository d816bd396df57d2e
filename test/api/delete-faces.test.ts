import { randomUUID } from 'node:crypto';
import {
  DeleteFacesCommand,
  ListFacesCommand,
  SearchFacesCommand,
} from '@aws-sdk/client-rekognition';
import { expect, it } from 'vitest';
import { associate, indexFace, newUser, sharedClient, testCollection } from '../support/api.js';
import { portraits } from '../support/photos.js';

const client = sharedClient();

it('deletes free faces, keeps those of a user and names unknown ones', async () => {
  const CollectionId = await testCollection(client);
  const [free = '', other = '', taken = ''] = await Promise.all(
    (await portraits('berta', 3)).map((photo) => indexFace(client, CollectionId, photo)),
  );
  await newUser(client, CollectionId, 'berta');
  await associate(client, CollectionId, 'berta', [taken]);
  const unknown = randomUUID();
  const reply = await client.send(
    new DeleteFacesCommand({ CollectionId, FaceIds: [free, taken, unknown, free] }),
  );
  expect(reply.DeletedFaces).toEqual([free]);
  expect(reply.UnsuccessfulFaceDeletions).toEqual([
    { FaceId: taken, UserId: 'berta', Reasons: ['ASSOCIATED_TO_AN_EXISTING_USER'] },
    { FaceId: unknown, Reasons: ['FACE_NOT_FOUND'] },
  ]);
  const { Faces = [] } = await client.send(new ListFacesCommand({ CollectionId }));
  expect(Faces.map(({ FaceId }) => FaceId).toSorted()).toEqual([other, taken].toSorted());
  const { FaceMatches = [] } = await client.send(
    new SearchFacesCommand({ CollectionId, FaceId: other, FaceMatchThreshold: 0 }),
  );
  expect(FaceMatches.map(({ Face }) => Face?.FaceId)).toEqual([taken]);
});
