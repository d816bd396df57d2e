import { randomUUID } from 'node:crypto';
import {
  AssociateFacesCommand,
  DetectFacesCommand,
  ImageTooLargeException,
  IndexFacesCommand,
  InvalidImageFormatException,
  InvalidParameterException,
  InvalidS3ObjectException,
  ListCollectionsCommand,
  ListFacesCommand,
} from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { describe, expect, inject, it } from 'vitest';
import { sharedClient, testCollection } from '../support/api.js';
import { portrait } from '../support/photos.js';

const client = sharedClient();
const detect = (Bytes: Uint8Array) => client.send(new DetectFacesCommand({ Image: { Bytes } }));

/** A PNG of a few hundred kilobytes that would take gigabytes to decode. */
const bomb = (): Promise<Buffer> =>
  sharp({
    create: { width: 20_000, height: 20_000, channels: 3, background: '#000' },
    limitInputPixels: false,
  })
    .png({ compressionLevel: 9 })
    .toBuffer();

describe('bad images', () => {
  it('refuses a truncated JPEG', async () => {
    const photo = await portrait('anna');
    await expect(detect(photo.subarray(0, photo.length / 2))).rejects.toBeInstanceOf(
      InvalidImageFormatException,
    );
  });

  it.each([
    ['text', Buffer.from('not an image at all')],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"/>')],
    ['a GIF', Buffer.from('GIF89a\u0001\u0000\u0001\u0000\u0000\u0000\u0000;', 'latin1')],
    ['a bare JPEG marker', Buffer.from([0xff, 0xd8, 0xff])],
  ])('refuses %s', async (_, bytes) => {
    const refused = detect(bytes);
    await expect(refused).rejects.toBeInstanceOf(InvalidImageFormatException);
    await expect(refused).rejects.toThrow('Request has invalid image format');
  });

  it('refuses a PNG bomb without decoding it, and goes on', async () => {
    await expect(detect(await bomb())).rejects.toBeInstanceOf(ImageTooLargeException);
    const { FaceDetails } = await detect(await portrait('anna'));
    expect(FaceDetails).toHaveLength(1);
  });

  it('refuses an image with a side below 80 pixels', async () => {
    const narrow = sharp({ create: { width: 79, height: 400, channels: 3, background: '#fff' } });
    await expect(detect(await narrow.png().toBuffer())).rejects.toBeInstanceOf(
      InvalidParameterException,
    );
  });

  it('refuses an empty image and 6 MB of bytes by the model’s length limits', async () => {
    await expect(detect(new Uint8Array(0))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'image.bytes' failed to satisfy constraint: Member must have length greater than or equal to 1",
    });
    await expect(detect(new Uint8Array(6_000_000))).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=6000000 cap=6000000]' at 'image.bytes' failed to satisfy constraint: Member must have length less than or equal to 5242880",
    });
  });

  it('stores nothing of a photo it refuses', async () => {
    const CollectionId = await testCollection(client);
    const photo = await portrait('anna');
    await expect(
      client.send(
        new IndexFacesCommand({ CollectionId, Image: { Bytes: photo.subarray(0, 4000) } }),
      ),
    ).rejects.toBeInstanceOf(InvalidImageFormatException);
    expect(await client.send(new ListFacesCommand({ CollectionId }))).toMatchObject({ Faces: [] });
  });

  it('cannot read from S3 where none is configured', async () => {
    await expect(
      client.send(
        new DetectFacesCommand({ Image: { S3Object: { Bucket: 'bucket', Name: 'photo.jpg' } } }),
      ),
    ).rejects.toBeInstanceOf(InvalidS3ObjectException);
  });

  it('wants one source for an image', async () => {
    await expect(client.send(new DetectFacesCommand({ Image: {} }))).rejects.toBeInstanceOf(
      InvalidParameterException,
    );
  });
});

describe('bad parameters', () => {
  const associate = (input: Partial<ConstructorParameters<typeof AssociateFacesCommand>[0]>) =>
    client.send(
      new AssociateFacesCommand({
        CollectionId: 'c',
        UserId: 'u',
        FaceIds: [randomUUID()],
        ...input,
      }),
    );

  it('refuses 101 face ids', async () => {
    const FaceIds = Array.from({ length: 101 }, () => randomUUID());
    await expect(associate({ FaceIds })).rejects.toMatchObject({
      name: 'ValidationException',
      message: `1 validation error detected: Value '[${FaceIds.join(', ')}]' at 'faceIds' failed to satisfy constraint: Member must have length less than or equal to 100`,
    });
  });

  it('refuses a threshold of 101', async () => {
    await expect(associate({ UserMatchThreshold: 101 })).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        "1 validation error detected: Value '101.0' at 'userMatchThreshold' failed to satisfy constraint: Member must have value less than or equal to 100",
    });
  });

  it('lists several faults together, in model order', async () => {
    await expect(associate({ CollectionId: 'a b', UserId: '', FaceIds: [] })).rejects.toThrow(
      /^4 validation errors detected: Value 'a b' at 'collectionId' .*; Value '' at 'userId' .*; Value '\[\]' at 'faceIds' /,
    );
  });
});

describe('bad requests', () => {
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const reply = await fetch(inject('endpoint'), {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'RekognitionService.ListCollections',
        ...headers,
      },
      body,
    });
    return { status: reply.status, body: await reply.text() };
  };

  it.each(['{"a":', 'null', '[]', '"text"', '\u0000'])('refuses %j as a body', async (body) => {
    expect(await post(body)).toEqual({ status: 400, body: '{"__type":"SerializationException"}' });
  });

  it('refuses an empty body', async () => {
    expect(await post('')).toEqual({ status: 400, body: '{"__type":"SerializationException"}' });
  });

  it('does not know other operations', async () => {
    expect(await post('{}', { 'x-amz-target': 'RekognitionService.DetectLabels' })).toEqual({
      status: 400,
      body: '{"__type":"UnknownOperationException"}',
    });
  });

  it('asks for a signature where keys are configured', async () => {
    const { status, body } = await post('{}');
    expect(status).toBe(400);
    expect(JSON.parse(body)).toEqual({
      __type: 'MissingAuthenticationTokenException',
      message: 'Missing Authentication Token',
    });
  });

  it('answers normally afterwards', async () => {
    await expect(client.send(new ListCollectionsCommand({}))).resolves.toBeDefined();
  });
});
