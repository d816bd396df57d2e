import { InvalidParameterException, SearchFacesByImageCommand } from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { indexFace, newCollection, sharedClient } from '../support/api.js';
import { portrait } from '../support/photos.js';

const client = sharedClient();

describe('SearchFacesByImage', () => {
  let CollectionId: string;
  let anna: string;
  beforeAll(async () => {
    CollectionId = await newCollection(client);
    anna = await indexFace(client, CollectionId, await portrait('anna'));
    await indexFace(client, CollectionId, await portrait('clara'));
  });

  it('finds a person on a photo taken elsewhere', async () => {
    const reply = await client.send(
      new SearchFacesByImageCommand({
        CollectionId,
        Image: { Bytes: await portrait('annaElsewhere') },
      }),
    );
    expect(reply.FaceMatches?.map(({ Face }) => Face?.FaceId)).toEqual([anna]);
    expect(reply.SearchedFaceBoundingBox?.Width).toBeGreaterThan(0);
    expect(reply.SearchedFaceConfidence).toBeGreaterThan(90);
    expect(reply.FaceModelVersion).toMatch(/^[0-9.]+$/);
  });

  it('finds nobody for a stranger', async () => {
    const { FaceMatches } = await client.send(
      new SearchFacesByImageCommand({ CollectionId, Image: { Bytes: await portrait('berta') } }),
    );
    expect(FaceMatches).toEqual([]);
  });

  it('refuses a photo without a face', async () => {
    const Bytes = await sharp({
      create: { width: 200, height: 200, channels: 3, background: '#888' },
    })
      .jpeg()
      .toBuffer();
    const search = client.send(new SearchFacesByImageCommand({ CollectionId, Image: { Bytes } }));
    await expect(search).rejects.toBeInstanceOf(InvalidParameterException);
    await expect(search).rejects.toThrow('There are no faces in the image. Should be at least 1.');
  });
});
