import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createVision } from '../../src/vision/pool.js';
import type { AnalysedFace, Vision } from '../../src/vision/vision.js';
import { EVERYTHING, sample, similarityBetween } from './photos.js';

let vision: Vision;
beforeAll(async () => {
  vision = await createVision({ runtime: 'tfjs-wasm', workers: 1 });
});
afterAll(() => vision.close());

const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, index) => sum + value * b[index]!, 0);

/** The faces of a photo, each with its crop. */
const cropped = async (photo: Uint8Array): Promise<AnalysedFace[]> =>
  (await vision.analyse(photo, { ...EVERYTHING, crops: true })).faces;

/** The faces that are found in a crop. */
const reread = async (crop: Uint8Array, isCrop: boolean): Promise<AnalysedFace[]> =>
  (await vision.analyse(crop, { ...EVERYTHING, isCrop })).faces;

/** Without the segment behind the start of the image, as earlier releases made crops. */
const withoutMesh = (crop: Uint8Array): Uint8Array => {
  const bytes = Buffer.from(crop);
  return Buffer.concat([bytes.subarray(0, 2), bytes.subarray(4 + bytes.readUInt16BE(4))]);
};

it.each([
  { kind: 'a photo as it is', make: () => sharp(sample(6)) },
  { kind: 'faces twice the size of a net’s input', make: () => sharp(sample(6)).resize(3840) },
  { kind: 'faces of 40 pixels', make: () => sharp(sample(6)).resize(480) },
  { kind: 'a photo on its side', make: () => sharp(sample(6)).rotate(90) },
  {
    kind: 'a face cut through by the edge',
    make: () => sharp(sample(6)).extract({ left: 250, top: 470, width: 330, height: 500 }),
  },
])('a crop gives the embedding of its photo: $kind', async ({ make }) => {
  const faces = await cropped(await make().jpeg({ quality: 95 }).toBuffer());
  expect(faces.length).toBeGreaterThan(0);
  for (const { crop, embedding } of faces) {
    const { width, height, format } = await sharp(crop).metadata();
    expect(format).toBe('jpeg');
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(80);
    expect(Math.max(width, height)).toBeLessThanOrEqual(700);
    const [face, ...others] = await reread(crop!, true);
    expect(others).toEqual([]);
    expect(cosine(face!.embedding!, embedding!)).toBeGreaterThan(0.999);
  }
});

it('a crop of an earlier release, which does not say where its face is, is searched for it', async () => {
  for (const { crop, embedding } of await cropped(sample(6))) {
    const faces = await reread(withoutMesh(crop!), true);
    const alike = faces.map((face) => similarityBetween(vision.model, face.embedding, embedding));
    expect(Math.max(...alike)).toBeGreaterThan(95);
  }
});

it('a photo that says where its face is, is not believed unless it is asked for as a crop', async () => {
  const [one, two] = await cropped(sample(6));
  const segment = Buffer.from(one!.crop!).subarray(2, 4 + Buffer.from(one!.crop!).readUInt16BE(4));
  const plain = Buffer.from(withoutMesh(two!.crop!));
  const forged = Buffer.concat([plain.subarray(0, 2), segment, plain.subarray(2)]);
  const same = await reread(plain, false);
  expect(await reread(forged, false)).toEqual(same);
  expect(await reread(forged, true)).not.toEqual(same);
});

it('what is cut off or of another version counts as a photo', async () => {
  const [{ crop } = {}] = await cropped(sample(6));
  const later = Buffer.from(crop!);
  const version = later.indexOf('LIKENESS') + 9;
  expect(later[version]).toBe(1);
  later[version] = 2;
  expect(await reread(later, true)).toEqual(await reread(crop!, false));
  await expect(reread(crop!.slice(0, 1000), true)).rejects.toThrow('format');
});
