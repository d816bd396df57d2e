import {
  IndexFacesCommand,
  ListFacesCommand,
  type QualityFilter,
  ResourceNotFoundException,
  SearchFacesCommand,
} from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sharedClient, testCollection } from '../support/api.js';
import { FACES_IN_SAMPLE, portrait, samplePhoto } from '../support/photos.js';

const client = sharedClient();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const area = (
  box: { Width?: number | undefined; Height?: number | undefined } | undefined,
): number => (box?.Width ?? 0) * (box?.Height ?? 0);

describe('IndexFaces', () => {
  it('stores every face of a group photo, largest first, with its detail', async () => {
    const CollectionId = await testCollection(client);
    const { FaceRecords = [], FaceModelVersion } = await client.send(
      new IndexFacesCommand({
        CollectionId,
        Image: { Bytes: await samplePhoto(6) },
        ExternalImageId: 'party:6',
        QualityFilter: 'NONE',
      }),
    );
    expect(FaceRecords).toHaveLength(FACES_IN_SAMPLE[6]);
    expect(FaceModelVersion).toMatch(/^[0-9.]+$/);
    const areas = FaceRecords.map(({ Face }) => area(Face?.BoundingBox));
    expect(areas).toEqual(areas.toSorted((a, b) => b - a));
    expect(new Set(FaceRecords.map(({ Face }) => Face?.ImageId)).size).toBe(1);
    for (const { Face, FaceDetail } of FaceRecords) {
      expect(Face?.FaceId).toMatch(UUID);
      expect(Face).toMatchObject({ ExternalImageId: 'party:6' });
      expect(Face?.Confidence).toBeGreaterThan(90);
      expect(Face?.UserId).toBeUndefined();
      expect(FaceDetail?.Landmarks?.map(({ Type }) => Type).toSorted()).toEqual(
        ['eyeLeft', 'eyeRight', 'mouthLeft', 'mouthRight', 'nose'].toSorted(),
      );
      expect(FaceDetail?.Pose).toBeDefined();
      expect(FaceDetail?.Quality?.Sharpness).toBeGreaterThan(0);
      expect(FaceDetail?.EyesOpen).toBeUndefined();
    }
  });

  it('gives all 30 landmarks and every attribute a model backs for ALL', async () => {
    const CollectionId = await testCollection(client);
    const { FaceRecords = [] } = await client.send(
      new IndexFacesCommand({
        CollectionId,
        Image: { Bytes: await portrait('berta') },
        DetectionAttributes: ['ALL'],
      }),
    );
    const detail = FaceRecords[0]?.FaceDetail;
    expect(detail?.Landmarks).toHaveLength(30);
    expect(detail?.EyesOpen).toMatchObject({ Value: true });
    expect(detail?.MouthOpen).toMatchObject({ Value: false });
    expect(detail?.Gender).toMatchObject({ Value: 'Female' });
    expect(detail?.AgeRange?.Low).toBeGreaterThan(10);
    expect(detail?.Emotions).toHaveLength(7);
  });

  it('tells the attributes of faces it does not index, too', async () => {
    const CollectionId = await testCollection(client);
    const { UnindexedFaces = [] } = await client.send(
      new IndexFacesCommand({
        CollectionId,
        Image: { Bytes: await samplePhoto(6) },
        MaxFaces: 1,
        QualityFilter: 'NONE',
        DetectionAttributes: ['SMILE'],
      }),
    );
    expect(UnindexedFaces).toHaveLength(FACES_IN_SAMPLE[6] - 1);
    for (const { FaceDetail } of UnindexedFaces) {
      expect(FaceDetail?.Smile).toBeDefined();
      expect(FaceDetail?.Gender).toBeUndefined();
    }
  });

  it('keeps MaxFaces faces and says why the others were left out', async () => {
    const CollectionId = await testCollection(client);
    const { FaceRecords, UnindexedFaces = [] } = await client.send(
      new IndexFacesCommand({
        CollectionId,
        Image: { Bytes: await samplePhoto(6) },
        MaxFaces: 1,
        QualityFilter: 'NONE',
      }),
    );
    expect(FaceRecords).toHaveLength(1);
    expect(UnindexedFaces).toHaveLength(FACES_IN_SAMPLE[6] - 1);
    for (const { Reasons, FaceDetail } of UnindexedFaces) {
      expect(Reasons).toEqual(['EXCEEDS_MAX_FACES']);
      expect(FaceDetail?.BoundingBox).toBeDefined();
    }
    const { Faces } = await client.send(new ListFacesCommand({ CollectionId }));
    expect(Faces).toHaveLength(1);
  });

  it.each([
    ['AUTO, the default,', undefined, 'LOW_BRIGHTNESS', { dark: true }],
    ['MEDIUM', 'MEDIUM', 'LOW_SHARPNESS', { dark: false }],
  ] as const)(
    'with QualityFilter %s refuses what it must, NONE takes it',
    async (_, filter, reason, { dark }) => {
      const CollectionId = await testCollection(client);
      const photo = sharp(await portrait('berta'));
      const Bytes = await (dark ? photo.linear(0.04, 0) : photo.blur(9)).png().toBuffer();
      const index = (QualityFilter?: QualityFilter) =>
        client.send(new IndexFacesCommand({ CollectionId, Image: { Bytes }, QualityFilter }));
      const filtered = await index(filter);
      expect(filtered.FaceRecords).toEqual([]);
      expect(filtered.UnindexedFaces?.[0]?.Reasons).toContain(reason);
      const none = await index('NONE');
      expect(none.FaceRecords).toHaveLength(1);
    },
  );

  it.each([90, 180, 270])('knows a face again that was indexed turned by %i°', async (degrees) => {
    const CollectionId = await testCollection(client);
    const index = (Bytes: Uint8Array) =>
      client.send(new IndexFacesCommand({ CollectionId, Image: { Bytes } }));
    const photo = await portrait('berta');
    const { FaceRecords: [turned] = [] } = await index(
      await sharp(photo).rotate(degrees).toBuffer(),
    );
    const { FaceRecords: [upright] = [] } = await index(photo);
    const { FaceMatches = [] } = await client.send(
      new SearchFacesCommand({ CollectionId, FaceId: turned?.Face?.FaceId }),
    );
    expect(FaceMatches.map(({ Face }) => Face?.FaceId)).toEqual([upright?.Face?.FaceId]);
    expect(FaceMatches[0]?.Similarity).toBeGreaterThan(95);
  });

  it('stores a photo once for each ExternalImageId and answers with the stored face ids', async () => {
    const CollectionId = await testCollection(client);
    const index = async (ExternalImageId?: string) => {
      const { FaceRecords = [] } = await client.send(
        new IndexFacesCommand({
          CollectionId,
          Image: { Bytes: await portrait('clara') },
          ...(ExternalImageId !== undefined && { ExternalImageId }),
        }),
      );
      return FaceRecords.map(({ Face }) => Face?.FaceId);
    };
    const [plain, again, first, firstAgain] = [
      await index(),
      await index(),
      await index('a'),
      await index('a'),
    ];
    expect(plain).toHaveLength(1);
    expect(again).toEqual(plain);
    expect(firstAgain).toEqual(first);
    expect(first).not.toEqual(plain);
    const { Faces } = await client.send(new ListFacesCommand({ CollectionId }));
    expect(Faces).toHaveLength(2);
  });

  it('finds no face in a photo without one, which is not an error', async () => {
    const CollectionId = await testCollection(client);
    const Bytes = await sharp({
      create: { width: 300, height: 200, channels: 3, background: '#3a7' },
    })
      .png()
      .toBuffer();
    const reply = await client.send(new IndexFacesCommand({ CollectionId, Image: { Bytes } }));
    expect(reply).toMatchObject({ FaceRecords: [], UnindexedFaces: [] });
  });

  it('names a collection that is not there', async () => {
    const missing = client.send(
      new IndexFacesCommand({ CollectionId: 'ghost', Image: { Bytes: await portrait('anna') } }),
    );
    await expect(missing).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(missing).rejects.toThrow('The collection id: ghost does not exist');
  });
});
