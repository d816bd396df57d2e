import { SearchUsersByImageCommand } from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { associate, indexFace, newCollection, newUser, sharedClient } from '../support/api.js';
import { FACES_IN_SAMPLE, portrait, samplePhoto } from '../support/photos.js';

const client = sharedClient();

describe('SearchUsersByImage', () => {
  let CollectionId: string;
  beforeAll(async () => {
    CollectionId = await newCollection(client);
    const anna = await indexFace(client, CollectionId, await portrait('anna'));
    await newUser(client, CollectionId, 'anna');
    await associate(client, CollectionId, 'anna', [anna]);
  });
  const search = async (Bytes: Buffer) =>
    client.send(new SearchUsersByImageCommand({ CollectionId, Image: { Bytes } }));

  it('finds the user on a photo taken elsewhere', async () => {
    const reply = await search(await portrait('annaElsewhere'));
    expect(reply.UserMatches).toEqual([
      { Similarity: expect.any(Number), User: { UserId: 'anna', UserStatus: 'ACTIVE' } },
    ]);
    expect(reply.SearchedFace?.FaceDetail?.BoundingBox?.Width).toBeGreaterThan(0);
    expect(reply.UnsearchedFaces).toEqual([]);
  });

  it('finds nobody for a stranger', async () => {
    expect((await search(await portrait('dora'))).UserMatches).toEqual([]);
  });

  it('searches the largest face of a group and lists the others', async () => {
    const { UnsearchedFaces = [] } = await search(await samplePhoto(6));
    expect(UnsearchedFaces).toHaveLength(FACES_IN_SAMPLE[6] - 1);
    for (const { Reasons } of UnsearchedFaces) expect(Reasons).toEqual(['FACE_NOT_LARGEST']);
  });

  it('answers a photo without a face with no match, not with an error', async () => {
    const photo = await sharp({
      create: { width: 200, height: 200, channels: 3, background: '#321' },
    })
      .jpeg()
      .toBuffer();
    const reply = await search(photo);
    expect(reply.UserMatches).toEqual([]);
    expect(reply.SearchedFace).toBeUndefined();
  });
});
