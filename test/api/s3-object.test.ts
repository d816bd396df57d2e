import {
  CompareFacesCommand,
  DetectFacesCommand,
  type Image,
  ImageTooLargeException,
  IndexFacesCommand,
  InvalidImageFormatException,
  InvalidParameterException,
  InvalidS3ObjectException,
  type RekognitionClient,
  SearchFacesByImageCommand,
  SearchUsersByImageCommand,
} from '@aws-sdk/client-rekognition';
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3_CREDENTIALS, SKIPPED, startSwift, swiftIsInstalled } from '../objects/swift.js';
import { associate, newUser, testCollection } from '../support/api.js';
import { portrait } from '../support/photos.js';
import { freshService } from '../support/service.js';

describe.skipIf(!swiftIsInstalled)(`photos in S3${SKIPPED}`, () => {
  let swift: Awaited<ReturnType<typeof startSwift>>;
  let service: Awaited<ReturnType<typeof freshService>>;
  let client: RekognitionClient;
  const versions: string[] = [];

  const object = (Name: string, Version?: string): Image => ({
    S3Object: { Bucket: 'photos', Name, Version },
  });
  const detect = (image: Image) => client.send(new DetectFacesCommand({ Image: image }));

  beforeAll(async () => {
    swift = await startSwift();
    service = await freshService({
      LIKENESS_S3_ENDPOINT: swift.endpoint,
      LIKENESS_S3_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      LIKENESS_S3_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
      LIKENESS_S3_BUCKETS: 'photos, missing',
    });
    ({ client } = service);
    const put = (Key: string, Body: Uint8Array, Bucket = 'photos') =>
      swift.admin.send(new PutObjectCommand({ Bucket, Key, Body }));
    for (const Bucket of ['photos', 'private'])
      await swift.admin.send(new CreateBucketCommand({ Bucket }));
    await swift.admin.send(
      new PutBucketVersioningCommand({
        Bucket: 'photos',
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    );
    await put('anna.jpg', await portrait('anna'));
    await put('anna.jpg', await portrait('anna'), 'private');
    await put('notes.txt', Buffer.from('not a photo'));
    await put('empty', Buffer.alloc(0));
    await put('huge.jpg', Buffer.alloc(15 * 1024 * 1024 + 1));
    for (const body of [Buffer.from('not yet a photo'), await portrait('annaElsewhere')])
      versions.push((await put('today.jpg', body)).VersionId ?? '');
  });
  afterAll(async () => {
    await service?.close();
    await swift?.close();
  });

  it('are indexed as the same photo whose bytes are given', async () => {
    const CollectionId = await testCollection(client);
    const index = async (image: Image) =>
      (await client.send(new IndexFacesCommand({ CollectionId, Image: image }))).FaceRecords?.[0]
        ?.Face;
    const stored = await index(object('anna.jpg'));
    expect(stored?.FaceId).toBeDefined();
    expect(await index({ Bytes: await portrait('anna') })).toEqual(stored);
  });

  it('are searched for and compared', async () => {
    const CollectionId = await testCollection(client);
    const { FaceRecords } = await client.send(
      new IndexFacesCommand({ CollectionId, Image: object('anna.jpg') }),
    );
    const faceId = FaceRecords?.[0]?.Face?.FaceId ?? '';
    const UserId = await newUser(client, CollectionId);
    await associate(client, CollectionId, UserId, [faceId]);
    const Image = object('today.jpg');
    const faces = await client.send(new SearchFacesByImageCommand({ CollectionId, Image }));
    expect(faces.FaceMatches?.[0]?.Face?.FaceId).toBe(faceId);
    const users = await client.send(new SearchUsersByImageCommand({ CollectionId, Image }));
    expect(users.UserMatches?.[0]?.User?.UserId).toBe(UserId);
    const compared = await client.send(
      new CompareFacesCommand({ SourceImage: object('anna.jpg'), TargetImage: Image }),
    );
    expect(compared.FaceMatches).toHaveLength(1);
  });

  it('are read in the version asked for', async () => {
    expect((await detect(object('today.jpg'))).FaceDetails).toHaveLength(1);
    expect((await detect(object('today.jpg', versions[1]))).FaceDetails).toHaveLength(1);
    await expect(detect(object('today.jpg', versions[0]))).rejects.toBeInstanceOf(
      InvalidImageFormatException,
    );
  });

  it.each([
    ['an object that is not there', object('nobody.jpg')],
    ['a bucket that is not there', { S3Object: { Bucket: 'missing', Name: 'anna.jpg' } }],
    ['a bucket that may not be read', { S3Object: { Bucket: 'private', Name: 'anna.jpg' } }],
  ])('cannot be got from %s', async (_, image) => {
    const refused = detect(image);
    await expect(refused).rejects.toBeInstanceOf(InvalidS3ObjectException);
    await expect(refused).rejects.toThrow(
      'Unable to get object metadata from S3. Check object key, region and/or access permissions.',
    );
  });

  it.each([
    ['without a name', { S3Object: { Bucket: 'photos' } }],
    ['without a bucket', { S3Object: { Name: 'anna.jpg' } }],
  ])('cannot be found %s', async (_, image) => {
    const refused = detect(image);
    await expect(refused).rejects.toBeInstanceOf(InvalidS3ObjectException);
    await expect(refused).rejects.toThrow('Request has invalid S3 object');
  });

  it('have to be JPEG or PNG of at most 15 MB', async () => {
    for (const name of ['notes.txt', 'empty'])
      await expect(detect(object(name))).rejects.toBeInstanceOf(InvalidImageFormatException);
    await expect(detect(object('huge.jpg'))).rejects.toBeInstanceOf(ImageTooLargeException);
  });

  it('are not mixed with bytes in one request', async () => {
    await expect(
      detect({ ...object('anna.jpg'), Bytes: await portrait('anna') }),
    ).rejects.toBeInstanceOf(InvalidParameterException);
  });
});
