import {
  CreateCollectionCommand,
  DetectFacesCommand,
  ListCollectionsCommand,
  ListFacesCommand,
} from '@aws-sdk/client-rekognition';
import { describe, expect, it, onTestFinished } from 'vitest';
import { indexFace } from '../support/api.js';
import { portraits, samplePhoto } from '../support/photos.js';
import { clientFor, freshService } from '../support/service.js';

describe('overload', () => {
  it('answers ThrottlingException past the queue, takes the accepted ones and stays responsive', async () => {
    const { client, close } = await freshService({
      LIKENESS_VISION_QUEUE: '2',
      LIKENESS_VISION_WORKERS: '1',
    });
    onTestFinished(close);
    const photo = await samplePhoto(1);
    const replies = await Promise.allSettled([
      ...Array.from({ length: 12 }, () =>
        client.send(new DetectFacesCommand({ Image: { Bytes: photo } })),
      ),
      client.send(new ListCollectionsCommand({})),
    ]);
    expect(replies.at(-1)?.status).toBe('fulfilled');
    const refused = replies.flatMap((reply) => (reply.status === 'rejected' ? [reply.reason] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThanOrEqual(9);
    for (const error of refused)
      expect(error).toMatchObject({
        name: 'ThrottlingException',
        message: expect.stringMatching(/\S/),
      });
  });

  it('is ridden out by a client that retries', async () => {
    const { client, service, close } = await freshService({
      LIKENESS_VISION_QUEUE: '1',
      LIKENESS_VISION_WORKERS: '1',
    });
    onTestFinished(close);
    const CollectionId = 'c';
    await client.send(new CreateCollectionCommand({ CollectionId }));
    const patient = clientFor(service.endpoint, { maxAttempts: 12 });
    const faceIds = await Promise.all(
      (await portraits('berta', 5)).map((photo) => indexFace(patient, CollectionId, photo)),
    );
    patient.destroy();
    const { Faces = [] } = await client.send(new ListFacesCommand({ CollectionId }));
    expect(Faces.map(({ FaceId }) => FaceId).toSorted()).toEqual(faceIds.toSorted());
  });

  it('gives up a photo that takes too long, and goes on', async () => {
    const { client, close } = await freshService({ LIKENESS_IMAGE_TIMEOUT_MS: '1' });
    onTestFinished(close);
    for (const number of [5, 6]) {
      const Bytes = await samplePhoto(number);
      await expect(client.send(new DetectFacesCommand({ Image: { Bytes } }))).rejects.toMatchObject(
        {
          name: 'InvalidImageFormatException',
          message: expect.stringContaining('could not be processed within 1 ms'),
        },
      );
    }
    expect(await client.send(new ListCollectionsCommand({}))).toBeDefined();
  });
});
