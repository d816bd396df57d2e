import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LANDMARK_TYPES } from '../../src/domain/face.js';
import { createVision } from '../../src/vision/pool.js';
import type { AnalysedFace, ImageAnalysis, Vision } from '../../src/vision/vision.js';
import { EVERYTHING, SAMPLE_FACES, sample, similarityBetween } from './photos.js';

let vision: Vision;

beforeAll(async () => {
  vision = await createVision({ runtime: 'tfjs-wasm', workers: 1 });
});
afterAll(() => vision.close());

const analyse = (image: Uint8Array): Promise<ImageAnalysis> => vision.analyse(image, EVERYTHING);

const fromLeft = (faces: AnalysedFace[]): AnalysedFace[] =>
  faces.toSorted((a, b) => a.box.left - b.box.left);

const mean = (faces: AnalysedFace[], key: 'brightness' | 'sharpness'): number =>
  faces.reduce((sum, face) => sum + face.quality[key], 0) / faces.length;

describe('finding faces', () => {
  it.each(SAMPLE_FACES.map((faces, index) => ({ number: index + 1, faces })))(
    'finds the $faces faces of sample $number',
    async ({ number, faces }) => {
      const analysis = await analyse(sample(number));
      expect(analysis.faces).toHaveLength(faces);
      for (const face of analysis.faces) expect(face.confidence).toBeGreaterThan(80);
    },
  );

  it('describes each face completely, largest first, landmarks in their anatomical places', async () => {
    const { faces, width, height } = await analyse(sample(6));
    expect([width, height]).toEqual([1920, 1537]);
    const areas = faces.map(({ box }) => box.width * box.height);
    expect(areas).toEqual(areas.toSorted((a, b) => b - a));
    for (const face of faces) {
      expect(face.landmarks.map(({ type }) => type)).toEqual([...LANDMARK_TYPES]);
      const place = Object.fromEntries(face.landmarks.map(({ type, x, y }) => [type, { x, y }]));
      expect(place['eyeLeft']!.x).toBeLessThan(place['eyeRight']!.x);
      expect(place['mouthLeft']!.x).toBeLessThan(place['mouthRight']!.x);
      expect(place['eyeLeft']!.y).toBeLessThan(place['nose']!.y);
      expect(place['nose']!.y).toBeLessThan(place['mouthUp']!.y);
      expect(place['mouthDown']!.y).toBeLessThan(place['chinBottom']!.y);
      const { left, top, width: boxWidth, height: boxHeight } = face.box;
      for (const { x, y } of face.landmarks) {
        expect(x).toBeGreaterThanOrEqual(left);
        expect(x).toBeLessThanOrEqual(left + boxWidth);
        expect(y).toBeGreaterThanOrEqual(top);
        expect(y).toBeLessThanOrEqual(top + boxHeight);
      }
      expect(face.sizePx).toBeCloseTo(Math.min(boxWidth * width, boxHeight * height), 3);
    }
  });

  it('finds small faces of a large photo by looking at parts of it', async () => {
    // Faces of about 85 px in 2,880: a single pass over the whole does not find all of them.
    const group = await sharp(sample(5)).resize(900).toBuffer();
    const large = await sharp({
      create: { width: 2880, height: 2160, channels: 3, background: '#556677' },
    })
      .composite([{ input: group, left: 200, top: 300 }])
      .jpeg()
      .toBuffer();
    const close = fromLeft((await analyse(sample(5))).faces);
    const far = fromLeft((await analyse(large)).faces);
    expect(far).toHaveLength(SAMPLE_FACES[4]);
    for (const [index, face] of far.entries())
      expect(
        similarityBetween(vision.model, face.embedding, close[index]!.embedding),
      ).toBeGreaterThan(95);
  });

  it('finds the face of a crop so tight that it has neither hair nor chin', async () => {
    const photo = sample(6);
    const [face] = (await analyse(photo)).faces;
    const crop = await sharp(photo)
      .extract({
        left: Math.round(face!.box.left * 1920),
        top: Math.round((face!.box.top + 0.1 * face!.box.height) * 1537),
        width: Math.round(face!.box.width * 1920),
        height: Math.round(0.8 * face!.box.height * 1537),
      })
      .toBuffer();
    const found = (await analyse(crop)).faces;
    expect(found).toHaveLength(1);
    expect(similarityBetween(vision.model, found[0]!.embedding, face!.embedding)).toBeGreaterThan(
      90,
    );
  });

  it('finds nothing where nothing is', async () => {
    const sky = await sharp({
      create: { width: 800, height: 600, channels: 3, background: '#4488cc' },
    })
      .png()
      .toBuffer();
    expect(await analyse(sky)).toEqual({ width: 800, height: 600, faces: [] });
  });

  it('tells turned heads apart', async () => {
    const upright = fromLeft((await analyse(sample(6))).faces)[0]!;
    const turned = await sharp(sample(6)).rotate(20, { background: '#000' }).toBuffer();
    const tilted = fromLeft((await analyse(turned)).faces)[0]!;
    expect(tilted.pose.roll - upright.pose.roll).toBeGreaterThan(15);
    expect(tilted.pose.roll - upright.pose.roll).toBeLessThan(25);
    const mirrored = await sharp(sample(6)).flop().toBuffer();
    const other = fromLeft((await analyse(mirrored)).faces).at(-1)!;
    expect(Math.sign(other.pose.yaw)).toBe(-Math.sign(upright.pose.yaw));
  });

  it('tells dark and blurred faces apart', async () => {
    const plain = (await analyse(sample(6))).faces;
    const dark = (await analyse(await sharp(sample(6)).linear(0.3, 0).toBuffer())).faces;
    const blurred = (await analyse(await sharp(sample(6)).blur(5).toBuffer())).faces;
    expect(mean(dark, 'brightness')).toBeLessThan(0.5 * mean(plain, 'brightness'));
    expect(mean(blurred, 'sharpness')).toBeLessThan(0.5 * mean(plain, 'sharpness'));
  });
});

describe('embeddings', () => {
  it('are finite, of unit length and the same for the same photo', async () => {
    const first = await analyse(sample(6));
    const second = await analyse(sample(6));
    expect(second).toEqual(first);
    for (const { embedding } of first.faces) {
      expect(embedding).toHaveLength(vision.model.dimension);
      const norm = Math.hypot(...embedding!);
      expect(Math.abs(norm - 1)).toBeLessThan(1e-5);
    }
  });

  it.each([
    { change: 'shrunk', make: () => sharp(sample(6)).resize(900) },
    { change: 'dimmed', make: () => sharp(sample(6)).linear(0.5, 0) },
    { change: 'saved badly', make: () => sharp(sample(6)).jpeg({ quality: 40 }) },
    { change: 'saved as PNG', make: () => sharp(sample(6)).png() },
  ])('stay the same people when the photo is $change', async ({ make }) => {
    const plain = fromLeft((await analyse(sample(6))).faces);
    const changed = fromLeft((await analyse(await make().toBuffer())).faces);
    expect(changed).toHaveLength(plain.length);
    for (const [index, face] of changed.entries())
      expect(
        similarityBetween(vision.model, face.embedding, plain[index]!.embedding),
      ).toBeGreaterThan(90);
  });

  it('stay the same people in the mirror', async () => {
    const plain = fromLeft((await analyse(sample(6))).faces);
    const mirrored = fromLeft((await analyse(await sharp(sample(6)).flop().toBuffer())).faces);
    expect(mirrored).toHaveLength(plain.length);
    for (const [index, face] of mirrored.toReversed().entries())
      expect(
        similarityBetween(vision.model, face.embedding, plain[index]!.embedding),
      ).toBeGreaterThan(90);
  });

  it('keep different people apart', async () => {
    const { faces } = await analyse(sample(6));
    for (const [index, face] of faces.entries())
      for (const other of faces.slice(index + 1))
        expect(similarityBetween(vision.model, face.embedding, other.embedding)).toBeLessThan(75);
  });

  it('are made only for the faces asked for', async () => {
    const embedded = async (embed: 'none' | 'largest' | 'kept', maxFaces: number) => {
      const { faces } = await vision.analyse(sample(5), { filter: 'NONE', maxFaces, embed });
      return faces.map((face) => face.embedding !== undefined);
    };
    expect(await embedded('none', 5)).toEqual([false, false, false, false, false]);
    expect(await embedded('largest', 5)).toEqual([true, false, false, false, false]);
    const { faces } = await vision.analyse(sample(5), {
      filter: 'NONE',
      maxFaces: 2,
      embed: 'kept',
    });
    expect(faces.filter((face) => face.reasons.includes('EXCEEDS_MAX_FACES'))).toHaveLength(3);
    for (const face of faces) expect(face.embedding !== undefined).toBe(face.reasons.length === 0);
  });
});

describe('pixels of every kind', () => {
  it.each([
    { orientation: 3, degrees: 180 },
    { orientation: 6, degrees: 270 },
    { orientation: 8, degrees: 90 },
  ])('turns a photo by its EXIF orientation $orientation', async ({ orientation, degrees }) => {
    const upright = await sharp(sample(6)).resize(960).toBuffer();
    const turned = await sharp(
      await sharp(upright).rotate(degrees).jpeg({ quality: 95 }).toBuffer(),
    )
      .withMetadata({ orientation })
      .jpeg({ quality: 95 })
      .toBuffer();
    const expected = await analyse(upright);
    const found = await analyse(turned);
    expect([found.width, found.height]).toEqual([expected.width, expected.height]);
    expect(found.faces).toHaveLength(expected.faces.length);
    const boxes = fromLeft(expected.faces);
    for (const [index, { box }] of fromLeft(found.faces).entries())
      for (const side of ['left', 'top', 'width', 'height'] as const)
        expect(Math.abs(box[side] - boxes[index]!.box[side])).toBeLessThan(0.01);
  });

  it.each([
    { kind: 'grey JPEG', make: () => sharp(sample(6)).greyscale().jpeg() },
    { kind: 'CMYK JPEG', make: () => sharp(sample(6)).toColourspace('cmyk').jpeg() },
    { kind: '16-bit PNG', make: () => sharp(sample(6)).resize(960).toColourspace('rgb16').png() },
    { kind: 'PNG with alpha', make: () => sharp(sample(6)).resize(960).ensureAlpha(0.99).png() },
    { kind: 'palette PNG', make: () => sharp(sample(6)).resize(960).png({ palette: true }) },
    { kind: 'progressive JPEG', make: () => sharp(sample(6)).jpeg({ progressive: true }) },
  ])('reads a $kind', async ({ make }) => {
    const plain = fromLeft((await analyse(sample(6))).faces);
    const faces = fromLeft((await analyse(await make().toBuffer())).faces);
    expect(faces).toHaveLength(plain.length);
    for (const [index, face] of faces.entries())
      expect(
        similarityBetween(vision.model, face.embedding, plain[index]!.embedding),
      ).toBeGreaterThan(80);
  });
});
