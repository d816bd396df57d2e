import {
  InvalidPaginationTokenException,
  ListFacesCommand,
  paginateListFaces,
} from '@aws-sdk/client-rekognition';
import { beforeAll, describe, expect, it } from 'vitest';
import { associate, indexFace, newCollection, newUser, sharedClient } from '../support/api.js';
import { portrait, portraits } from '../support/photos.js';

const client = sharedClient();

describe('ListFaces', () => {
  let CollectionId: string;
  let faceIds: string[];
  beforeAll(async () => {
    CollectionId = await newCollection(client);
    const photos = [...(await portraits('berta', 4)), await portrait('clara')];
    faceIds = [];
    for (const photo of photos) faceIds.push(await indexFace(client, CollectionId, photo));
    await newUser(client, CollectionId, 'berta');
    await associate(client, CollectionId, 'berta', faceIds.slice(0, 2));
  });

  it('pages through all faces once', async () => {
    const seen: (string | undefined)[] = [];
    for await (const { Faces = [] } of paginateListFaces(
      { client, pageSize: 2 },
      { CollectionId },
    )) {
      expect(Faces.length).toBeLessThanOrEqual(2);
      seen.push(...Faces.map(({ FaceId }) => FaceId));
    }
    expect(seen.toSorted()).toEqual(faceIds.toSorted());
  });

  it('shows the user a face belongs to and the model it was made with', async () => {
    const { Faces = [], FaceModelVersion } = await client.send(
      new ListFacesCommand({ CollectionId }),
    );
    expect(
      Faces.filter(({ UserId }) => UserId === 'berta')
        .map(({ FaceId }) => FaceId)
        .toSorted(),
    ).toEqual(faceIds.slice(0, 2).toSorted());
    for (const face of Faces) expect(face.IndexFacesModelVersion).toBe(FaceModelVersion);
  });

  it('filters by user, by face ids and by both', async () => {
    const list = async (filter: { UserId?: string; FaceIds?: string[] }) => {
      const { Faces = [] } = await client.send(new ListFacesCommand({ CollectionId, ...filter }));
      return Faces.map(({ FaceId = '' }) => FaceId).toSorted();
    };
    expect(await list({ UserId: 'berta' })).toEqual(faceIds.slice(0, 2).toSorted());
    expect(await list({ FaceIds: faceIds.slice(1, 4) })).toEqual(faceIds.slice(1, 4).toSorted());
    expect(await list({ UserId: 'berta', FaceIds: faceIds.slice(1, 4) })).toEqual([faceIds[1]]);
  });

  it('refuses a token of another filter', async () => {
    const { NextToken } = await client.send(new ListFacesCommand({ CollectionId, MaxResults: 1 }));
    expect(NextToken?.length).toBeLessThanOrEqual(255);
    await expect(
      client.send(
        new ListFacesCommand({ CollectionId, MaxResults: 1, UserId: 'berta', NextToken }),
      ),
    ).rejects.toBeInstanceOf(InvalidPaginationTokenException);
  });
});
