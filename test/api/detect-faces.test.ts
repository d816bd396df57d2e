import { DetectFacesCommand } from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sharedClient } from '../support/api.js';
import { FACES_IN_SAMPLE, portrait, samplePhoto } from '../support/photos.js';

const client = sharedClient();

describe('DetectFaces', () => {
  it('finds the faces of a group photo where they are', async () => {
    const { FaceDetails = [] } = await client.send(
      new DetectFacesCommand({ Image: { Bytes: await samplePhoto(6) } }),
    );
    expect(FaceDetails).toHaveLength(FACES_IN_SAMPLE[6]);
    const centres = FaceDetails.map(
      ({ BoundingBox: box }) => (box?.Left ?? 0) + (box?.Width ?? 0) / 2,
    ).toSorted((a, b) => a - b);
    // Read off the photo by eye.
    for (const [i, x] of [0.21, 0.38, 0.67, 0.83].entries()) expect(centres[i]).toBeCloseTo(x, 1);
  });

  it('gives single attributes beside the default ones', async () => {
    const { FaceDetails = [] } = await client.send(
      new DetectFacesCommand({
        Image: { Bytes: await portrait('clara') },
        Attributes: ['EYES_OPEN'],
      }),
    );
    expect(FaceDetails[0]?.EyesOpen).toMatchObject({ Value: true });
    expect(FaceDetails[0]?.MouthOpen).toBeUndefined();
    expect(FaceDetails[0]?.Landmarks).toHaveLength(5);
  });

  it('sees a sideways photo upright when its EXIF says so', async () => {
    const upright = await portrait('berta');
    const sideways = await sharp(upright)
      .rotate(-90)
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const boxes = await Promise.all(
      [upright, sideways].map(async (Bytes) => {
        const { FaceDetails = [] } = await client.send(
          new DetectFacesCommand({ Image: { Bytes } }),
        );
        expect(FaceDetails).toHaveLength(1);
        return FaceDetails[0]?.BoundingBox;
      }),
    );
    expect(boxes[1]?.Left).toBeCloseTo(boxes[0]?.Left ?? -1, 1);
    expect(boxes[1]?.Top).toBeCloseTo(boxes[0]?.Top ?? -1, 1);
  });

  it('finds nothing where there is no face', async () => {
    const Bytes = await sharp({
      create: { width: 100, height: 100, channels: 3, background: '#fff' },
    })
      .png()
      .toBuffer();
    expect(await client.send(new DetectFacesCommand({ Image: { Bytes } }))).toMatchObject({
      FaceDetails: [],
    });
  });
});
