import { type Attribute, DetectFacesCommand, type FaceDetail } from '@aws-sdk/client-rekognition';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { sharedClient } from '../support/api.js';
import { FACES_IN_SAMPLE, portrait, samplePhoto } from '../support/photos.js';

const client = sharedClient();

const DEFAULT_MEMBERS = ['BoundingBox', 'Confidence', 'Landmarks', 'Pose', 'Quality'];

async function detect(Bytes: Uint8Array, ...Attributes: Attribute[]): Promise<FaceDetail[]> {
  const { FaceDetails = [] } = await client.send(
    new DetectFacesCommand({ Image: { Bytes }, Attributes }),
  );
  return FaceDetails;
}

type Place = [x: number, y: number];

const centreOf = ({ BoundingBox: box }: FaceDetail = {}): Place => [
  (box?.Left ?? 0) + (box?.Width ?? 0) / 2,
  (box?.Top ?? 0) + (box?.Height ?? 0) / 2,
];

const eyeOf = ({ Landmarks = [] }: FaceDetail): Place => {
  const eye = Landmarks.find(({ Type }) => Type === 'eyeLeft');
  return [eye?.X ?? -1, eye?.Y ?? -1];
};

const apart = (a: Place, b: Place): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

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

  it.each([
    { degrees: 90, place: ([x, y]: Place): Place => [1 - y, x] },
    { degrees: 180, place: ([x, y]: Place): Place => [1 - x, 1 - y] },
    { degrees: 270, place: ([x, y]: Place): Place => [y, 1 - x] },
  ])(
    'finds the faces of a photo turned by $degrees° where they are in it',
    async ({ degrees, place }) => {
      const photo = await samplePhoto(6);
      const upright = await detect(photo);
      // No EXIF orientation, as in a screenshot or a PNG.
      const { FaceDetails: turned = [], OrientationCorrection } = await client.send(
        new DetectFacesCommand({ Image: { Bytes: await sharp(photo).rotate(degrees).toBuffer() } }),
      );
      expect(OrientationCorrection).toBeUndefined();
      expect(turned).toHaveLength(upright.length);
      for (const face of upright) {
        const twin = turned.find((other) => apart(place(eyeOf(face)), eyeOf(other)) < 0.02);
        expect(apart(place(centreOf(face)), centreOf(twin))).toBeLessThan(0.02);
        const roll = (twin?.Pose?.Roll ?? 0) - (face.Pose?.Roll ?? 0) - degrees;
        expect(Math.abs(roll - 360 * Math.round(roll / 360))).toBeLessThan(5);
        expect(Math.abs((twin?.Pose?.Yaw ?? 90) - (face.Pose?.Yaw ?? 0))).toBeLessThan(10);
        expect(Math.abs((twin?.Pose?.Pitch ?? 90) - (face.Pose?.Pitch ?? 0))).toBeLessThan(10);
        expect(twin?.Quality?.Sharpness).toBeCloseTo(face.Quality?.Sharpness ?? 0, -1);
      }
    },
  );

  it.each([
    ['AGE_RANGE', 'AgeRange'],
    ['EMOTIONS', 'Emotions'],
    ['EYES_OPEN', 'EyesOpen'],
    ['GENDER', 'Gender'],
    ['MOUTH_OPEN', 'MouthOpen'],
    ['SMILE', 'Smile'],
  ] as const)('gives %s alone beside the default ones', async (attribute, member) => {
    const [face = {}] = await detect(await portrait('clara'), attribute);
    expect(Object.keys(face).toSorted()).toEqual([...DEFAULT_MEMBERS, member].toSorted());
    expect(face.Landmarks).toHaveLength(5);
  });

  it.each([
    'BEARD',
    'EYE_DIRECTION',
    'EYEGLASSES',
    'FACE_OCCLUDED',
    'MUSTACHE',
    'SUNGLASSES',
  ] as const)('leaves %s out, which no model here backs', async (attribute) => {
    const [face = {}] = await detect(await portrait('clara'), attribute);
    expect(Object.keys(face).toSorted()).toEqual(DEFAULT_MEMBERS);
  });

  it('gives the union of several attributes', async () => {
    const [face] = await detect(await portrait('clara'), 'DEFAULT', 'SMILE', 'GENDER');
    expect(face?.Smile).toBeDefined();
    expect(face?.Gender).toBeDefined();
    expect(face?.Emotions).toBeUndefined();
    expect(face?.AgeRange).toBeUndefined();
  });

  it('tells with ALL what it can see: smiling women, and their age in a range', async () => {
    const faces = await detect(await samplePhoto(6), 'ALL');
    expect(faces).toHaveLength(FACES_IN_SAMPLE[6]);
    for (const face of faces) {
      expect(Object.keys(face).toSorted()).toEqual(
        [
          ...DEFAULT_MEMBERS,
          'AgeRange',
          'Emotions',
          'EyesOpen',
          'Gender',
          'MouthOpen',
          'Smile',
        ].toSorted(),
      );
      expect(face.Landmarks).toHaveLength(30);
      expect(face.Gender?.Value).toBe('Female');
      expect(face.Gender?.Confidence).toBeGreaterThan(90);
      const { Low = 0, High = 0 } = face.AgeRange ?? {};
      expect(High - Low).toBe(18);
      // They are women between twenty and fifty.
      expect(Low).toBeLessThan(50);
      expect(High).toBeGreaterThan(20);
    }
    // Read off the photo by eye: three of the four smile.
    expect(faces.filter((face) => face.Smile?.Value)).toHaveLength(3);
  });

  it('gives emotions likeliest first, together certain, and a smile where the face is happy', async () => {
    for (const face of await detect(await samplePhoto(1), 'EMOTIONS', 'SMILE')) {
      const confidences = face.Emotions?.map(({ Confidence = 0 }) => Confidence) ?? [];
      expect(confidences).toHaveLength(7);
      expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
      expect(confidences.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 3);
      const happy = face.Emotions?.find(({ Type }) => Type === 'HAPPY')?.Confidence ?? 0;
      expect(face.Smile?.Value).toBe(happy >= 50);
      expect(face.Smile?.Confidence).toBeCloseTo(Math.max(happy, 100 - happy), 3);
    }
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
