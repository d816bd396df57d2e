import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadNets } from '../../src/vision/nets.js';
import { Pipeline } from '../../src/vision/pipeline.js';
import type { Nets } from '../../src/vision/runtimes/runtime.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import type { AnalysedFace } from '../../src/vision/vision.js';
import { portrait } from '../support/photos.js';
import { EVERYTHING } from './photos.js';

/** How often each net has run. */
const runs = new Map<string, number>();
let pipeline: Pipeline;

beforeAll(async () => {
  const { nets } = await loadNets(await startRuntime('tfjs-wasm'));
  const counted: Nets = new Map(
    [...nets].map(([name, net]) => [
      name,
      {
        maxBatch: net.maxBatch,
        run(pixels, batch) {
          runs.set(name, (runs.get(name) ?? 0) + 1);
          return net.run(pixels, batch);
        },
      },
    ]),
  );
  pipeline = await Pipeline.create(counted, 50_000_000);
});

const facesOf = async (photo: Uint8Array): Promise<AnalysedFace[]> => {
  runs.clear();
  return (await pipeline.analyse(photo, EVERYTHING)).faces;
};

describe('a photo that may have lost its orientation', () => {
  it('costs one look when its face is upright', async () => {
    const faces = await facesOf(await portrait('berta'));
    expect(faces).toHaveLength(1);
    expect(Object.fromEntries(runs)).toEqual({
      'blazeface-back': 1,
      facemesh: 1,
      'dlib-cohort': 1,
    });
  });

  it('costs no more when it is only tilted', async () => {
    const faces = await facesOf(await portrait('berta', { rotate: 20 }));
    expect(faces).toHaveLength(1);
    expect(runs.get('blazeface-back')).toBe(1);
  });

  it('has the one face it has upright, also where an upside-down face passes for an upright one at first', async () => {
    for (const person of ['berta', 'clara', 'dora', 'emma'] as const) {
      const photo = await portrait(person);
      const [upright] = await facesOf(photo);
      const faces = await facesOf(await sharp(photo).rotate(180).toBuffer());
      expect(faces).toHaveLength(1);
      const { embedding, pose } = faces[0]!;
      expect(Math.abs(pose.roll)).toBeGreaterThan(150);
      const cosine = embedding!.reduce((sum, v, i) => sum + v * upright!.embedding![i]!, 0);
      expect(cosine).toBeGreaterThan(0.97);
    }
  });

  it('is searched in a bounded number of looks when nobody is in it', async () => {
    const noise = Buffer.alloc(640 * 480 * 3, 0).map((_, i) => (i * 2_654_435_761) >>> 24);
    const photo = await sharp(noise, { raw: { width: 640, height: 480, channels: 3 } })
      .png()
      .toBuffer();
    expect(await facesOf(photo)).toEqual([]);
    expect(runs.get('blazeface-back')).toBeLessThanOrEqual(11 + 3 * 2);
  });
});
