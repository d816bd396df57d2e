import { beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_MODELS } from '../../src/vision/models.js';
import { loadNets } from '../../src/vision/nets.js';
import { Pipeline } from '../../src/vision/pipeline.js';
import type { Net, Nets } from '../../src/vision/runtimes/runtime.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import { EVERYTHING, SAMPLE_FACES, sample } from './photos.js';

let nets: Nets;
beforeAll(async () => {
  ({ nets } = await loadNets(await startRuntime('tfjs-wasm')));
});

describe('a group photo, seen whole and in tiles', () => {
  it.each([4, 5, 6])('has the mesh of each face laid at most twice (sample %i)', async (number) => {
    let meshes = 0;
    const landmarks = nets.get(DEFAULT_MODELS.landmarks)!;
    const counted: Net = {
      ...landmarks,
      run: (pixels, batch) => {
        meshes += batch;
        return landmarks.run(pixels, batch);
      },
    };
    const pipeline = await Pipeline.create(
      new Map([...nets, [DEFAULT_MODELS.landmarks, counted]]),
      50_000_000,
    );
    const { faces } = await pipeline.analyse(sample(number), { ...EVERYTHING, embed: 'none' });
    expect(faces).toHaveLength(SAMPLE_FACES[number - 1]!);
    // Once where it is seen in the whole, once in the one of up to four tiles where it is seen best.
    expect(meshes).toBeLessThanOrEqual(2 * faces.length);
  });
});
