import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.js';
import { createVision } from '../../src/vision/pool.js';
import type { Vision } from '../../src/vision/vision.js';
import { EVERYTHING, SAMPLE_FACES, sample } from './photos.js';

let vision: Vision;

beforeAll(async () => {
  vision = await createVision({ runtime: 'tfjs-wasm', workers: 1 });
});
afterAll(() => vision.close());

const solid = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } });

async function refusalOf(image: Uint8Array): Promise<ApiError> {
  const error = await vision.analyse(image, EVERYTHING).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error(`expected an ApiError, got ${String(error)}`);
  return error;
}

describe('images that cannot be used', () => {
  it.each([
    { what: 'nothing', make: () => Buffer.alloc(0) },
    { what: 'one byte', make: () => Buffer.from([0xff]) },
    { what: 'a text file', make: () => Buffer.from('This is not a photo.\n'.repeat(100)) },
    { what: 'the first bytes of a JPEG', make: () => sample(1).subarray(0, 10) },
    { what: 'a JPEG cut off in the middle', make: () => sample(1).subarray(0, 60_000) },
    {
      what: 'the first bytes of a PNG',
      make: async () => (await solid(200, 200).png().toBuffer()).subarray(0, 20),
    },
    {
      what: 'a PNG cut off in the middle',
      make: async () => {
        const png = await sharp(sample(1)).resize(400).png().toBuffer();
        return png.subarray(0, png.length >> 1);
      },
    },
    {
      what: 'a JPEG start before rubbish',
      make: () => Buffer.concat([sample(1).subarray(0, 3), Buffer.alloc(5000, 7)]),
    },
    { what: 'a GIF', make: () => solid(200, 200).gif().toBuffer() },
    { what: 'a WebP', make: () => solid(200, 200).webp().toBuffer() },
    {
      what: 'an SVG',
      make: () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"/>'),
    },
  ])('refuses $what as InvalidImageFormatException', async ({ make }) => {
    const error = await refusalOf(await make());
    expect(error.code).toBe('InvalidImageFormatException');
    expect(error.message).toBe('Request has invalid image format');
  });

  it('refuses a PNG bomb by its header, whole or cut off', async () => {
    const bomb = await solid(8000, 8000).png({ compressionLevel: 9 }).toBuffer();
    expect(bomb.length).toBeLessThan(500_000);
    expect((await refusalOf(bomb)).code).toBe('ImageTooLargeException');
    expect((await refusalOf(bomb.subarray(0, 2000))).code).toBe('ImageTooLargeException');
  });

  it.each([
    { width: 79, height: 200 },
    { width: 200, height: 79 },
  ])('refuses $width x $height px as InvalidParameterException', async ({ width, height }) => {
    const error = await refusalOf(await solid(width, height).png().toBuffer());
    expect(error.code).toBe('InvalidParameterException');
    expect(error.message).toContain(`${width} x ${height}`);
  });

  it('takes 80 x 80 px', async () => {
    const { faces } = await vision.analyse(await solid(80, 80).jpeg().toBuffer(), EVERYTHING);
    expect(faces).toEqual([]);
  });

  it('goes on as before', async () => {
    expect((await vision.analyse(sample(1), EVERYTHING)).faces).toHaveLength(SAMPLE_FACES[0]);
    expect(vision.status()).toEqual({ workers: 1, running: 0, queued: 0 });
  });

  it('leaves the caller its bytes', async () => {
    const bytes = new Uint8Array(sample(3));
    await vision.analyse(bytes, EVERYTHING);
    expect(bytes.byteLength).toBe(sample(3).length);
    expect(Buffer.compare(bytes, sample(3))).toBe(0);
  });
});
