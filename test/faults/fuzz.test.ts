import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from '../../src/model/operations.js';
import { portrait } from '../support/photos.js';
import { freshService } from '../support/service.js';

/** Requests of each kind; LIKENESS_FUZZ asks for a longer campaign. */
const RUNS = Number(process.env['LIKENESS_FUZZ'] ?? 300);

/** Without keys, so that what is tested is what lies behind the signature. */
const OPEN = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };

describe('whatever is sent', () => {
  let fresh: Awaited<ReturnType<typeof freshService>>;
  let photos: Buffer[];
  beforeAll(async () => {
    fresh = await freshService(OPEN);
    const jpeg = await portrait('berta', { size: 200 });
    photos = [jpeg, await sharp(jpeg).png().toBuffer()];
    return fresh.close;
  });

  const post = async (operation: string, body: string | Uint8Array) => {
    const reply = await fetch(fresh.service.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `RekognitionService.${operation}`,
      },
      body,
    });
    return { status: reply.status, text: await reply.text() };
  };

  /** 200 with the model's output, or 400 with an error that has a name: never a 5xx, never no answer. */
  const expectAnswer = ({ status, text }: { status: number; text: string }): void => {
    if (status === 200 && text === '') return;
    const { __type: type } = JSON.parse(text) as { __type?: string };
    expect([status, type === undefined]).toEqual(status === 200 ? [200, true] : [400, false]);
  };

  it('as a photo: damaged JPEG and PNG files are answered', async () => {
    const damage = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        byte: fc.nat({ max: 255 }),
        inHeader: fc.boolean(),
      }),
      { minLength: 1, maxLength: 20 },
    );
    const keep = fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 1 }), damage, keep, async (which, changes, part) => {
        const bytes = Buffer.from(photos[which] ?? Buffer.alloc(0));
        for (const { at, byte, inHeader } of changes)
          bytes[Math.floor(at * (inHeader ? 600 : bytes.length))] = byte;
        const sent = bytes.subarray(0, Math.ceil(bytes.length * part)).toString('base64');
        expectAnswer(
          await post(
            'DetectFaces',
            JSON.stringify({ Image: { Bytes: sent }, Attributes: ['ALL'] }),
          ),
        );
      }),
      { numRuns: RUNS },
    );
    expect(fresh.service.child.exitCode).toBeNull();
  }, 1_800_000);

  it('as a body: any JSON in any member is answered', async () => {
    const members = new Set(
      Object.values(OPERATIONS).flatMap(({ input }) => Object.keys(input.members)),
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom('c', 'u', 1e308, -1, 101, 'NaN', 'ALL', { Bytes: '' }, { Bytes: 'AAAA' }),
      fc.array(fc.uuid(), { maxLength: 110 }),
    );
    const body = fc
      .dictionary(fc.constantFrom(...members, '__proto__', 'constructor', 'Nobody'), value, {
        maxKeys: 6,
      })
      .chain((rest) => fc.constantFrom(rest, { ...rest, CollectionId: 'c' }));
    const operation = fc.constantFrom(...Object.keys(OPERATIONS));
    await post('CreateCollection', '{"CollectionId":"c"}');
    await fc.assert(
      fc.asyncProperty(operation, body, async (name, input) => {
        expectAnswer(await post(name, JSON.stringify(input)));
      }),
      { numRuns: 4 * RUNS },
    );
    expect(fresh.service.child.exitCode).toBeNull();
  }, 1_800_000);

  it('as bytes: what is no JSON is answered', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), async (bytes) => {
        expectAnswer(await post('ListCollections', bytes));
      }),
      { numRuns: RUNS },
    );
    expect(fresh.service.child.exitCode).toBeNull();
  }, 1_800_000);
});
