import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import { Pipeline } from '../../src/vision/pipeline.js';
import { RUNTIME_NAMES } from '../../src/vision/runtimes/runtime.js';
import { selectRuntime } from '../../src/vision/runtimes/select.js';
import { EVERYTHING, sample } from './photos.js';

describe('choosing a runtime', () => {
  it('takes the first that starts and keeps the reasons of the better ones', async () => {
    const { runtime, refused } = await selectRuntime('auto');
    const better = RUNTIME_NAMES.slice(0, RUNTIME_NAMES.indexOf(runtime.name));
    expect(refused.map(({ name }) => name)).toEqual(better);
    for (const { reason } of refused) expect(reason).not.toMatch(/^$|\n/);
  });

  it('fails with the reason when the one asked for cannot be used', async () => {
    const { refused } = await selectRuntime('auto');
    for (const { name, reason } of refused) {
      await expect(selectRuntime(name)).rejects.toThrow(OperatorError);
      await expect(selectRuntime(name)).rejects.toThrow(`${name}: ${reason}`);
    }
  });
});

describe('memory', () => {
  it('holds no tensor of an image once it is analysed', async () => {
    const { runtime } = await selectRuntime('tfjs-wasm');
    const pipeline = await Pipeline.create(runtime, 50_000_000);
    const sky = await sharp({
      create: { width: 400, height: 300, channels: 3, background: '#4488cc' },
    })
      .png()
      .toBuffer();
    const before = runtime.tensors();
    expect(before).toBeGreaterThan(0);
    for (const image of [sample(5), sky, sample(1)]) {
      await pipeline.analyse(image, EVERYTHING);
      expect(runtime.tensors()).toBe(before);
    }
    await expect(pipeline.analyse(sample(5).subarray(0, 50_000), EVERYTHING)).rejects.toThrow(
      'Request has invalid image format',
    );
    expect(runtime.tensors()).toBe(before);
  });
});
