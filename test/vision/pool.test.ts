import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { afterEach, describe, expect, it } from 'vitest';
import { OperatorError } from '../../src/errors.js';
import { DEFAULT_EMBEDDERS } from '../../src/vision/nets.js';
import { createVision, openVision, type VisionOptions } from '../../src/vision/pool.js';
import type { Vision } from '../../src/vision/vision.js';
import { VisionProcess } from '../../src/vision/vision-process.js';
import { EVERYTHING, SAMPLE_FACES, sample } from './photos.js';

const open: Vision[] = [];

async function start(options: Partial<VisionOptions>): Promise<Vision> {
  const vision = await createVision({ runtime: 'tfjs-wasm', workers: 1, ...options });
  open.push(vision);
  return vision;
}

afterEach(() => Promise.all(open.splice(0).map((vision) => vision.close())));

/** A photo with so many faces that it takes some twenty times as long as one with few. */
async function crowd(vision: Vision): Promise<Buffer> {
  const { faces, width, height } = await vision.analyse(sample(6), EVERYTHING);
  const { box } = faces[0]!;
  const face = await sharp(sample(6))
    .extract({
      left: Math.round((box.left - 0.03) * width),
      top: Math.round((box.top - 0.03) * height),
      width: Math.round((box.width + 0.06) * width),
      height: Math.round((box.height + 0.06) * height),
    })
    .resize(120, 120)
    .toBuffer();
  return sharp({ create: { width: 960, height: 960, channels: 3, background: '#333333' } })
    .composite([{ input: face, tile: true, gravity: 'northwest' }])
    .jpeg()
    .toBuffer();
}

describe('a start', () => {
  it('takes photos before a worker is ready, as many as may wait, and answers them', async () => {
    const vision = await openVision({ runtime: 'tfjs-wasm', workers: 1, maxQueued: 1 });
    open.push(vision);
    expect(vision.status()).toEqual({ workers: 0, running: 0, queued: 0 });
    const first = vision.analyse(sample(1), EVERYTHING);
    await expect(vision.analyse(sample(1), EVERYTHING)).rejects.toMatchObject({
      code: 'ThrottlingException',
    });
    expect((await first).faces).toHaveLength(SAMPLE_FACES[0]);
    await vision.ready();
  });

  it('that fails says why to the photos that wait for it and to later ones', async () => {
    const nowhere = { name: 'dlib-cohort', directory: '/nowhere' };
    await expect(openVision({ embedders: [nowhere] })).rejects.toThrow('cannot be read');
    const vision = await openVision({ runtime: 'tfjs-node-gpu', workers: 1 });
    open.push(vision);
    const reason = /^runtime tfjs-node-gpu cannot be used: .+$/;
    await expect(vision.analyse(sample(1), EVERYTHING)).rejects.toThrow(reason);
    await expect(vision.ready()).rejects.toThrow(OperatorError);
    await expect(vision.analyse(sample(1), EVERYTHING)).rejects.toThrow(reason);
  });

  it('ends when it is closed, and so do the photos that wait for it', async () => {
    const vision = await openVision({ runtime: 'tfjs-wasm', workers: 1 });
    const waiting = vision.analyse(sample(1), EVERYTHING);
    waiting.catch(() => undefined);
    await vision.close();
    await expect(waiting).rejects.toThrow('vision is closed');
    await expect(vision.ready()).rejects.toThrow('vision is closed');
  });
});

describe('the queue', () => {
  it('refuses what does not fit and answers what it took', async () => {
    const vision = await start({ maxQueued: 2 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 6 }, () => vision.analyse(sample(3), EVERYTHING)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
    ]);
    for (const outcome of outcomes.slice(3))
      expect(outcome).toMatchObject({ reason: { code: 'ThrottlingException' } });
  });

  it('forgets a waiting image whose caller went away', async () => {
    const vision = await start({});
    const first = vision.analyse(sample(3), EVERYTHING);
    const gone = new AbortController();
    const second = vision.analyse(sample(3), EVERYTHING, gone.signal);
    expect(vision.status()).toEqual({ workers: 1, running: 1, queued: 1 });
    gone.abort(new Error('the caller went away'));
    await expect(second).rejects.toThrow('the caller went away');
    expect(vision.status().queued).toBe(0);
    expect((await first).faces).toHaveLength(SAMPLE_FACES[2]);
    await expect(vision.analyse(sample(3), EVERYTHING, gone.signal)).rejects.toThrow('went away');
  });

  it('finishes what it accepted before it closes, and takes nothing more', async () => {
    const vision = await start({});
    const accepted = [1, 2, 3].map((number) => vision.analyse(sample(number), EVERYTHING));
    const closed = vision.close();
    await expect(vision.analyse(sample(4), EVERYTHING)).rejects.toThrow('closed');
    await closed;
    const faces = (await Promise.all(accepted)).map((analysis) => analysis.faces.length);
    expect(faces).toEqual([SAMPLE_FACES[0], SAMPLE_FACES[1], SAMPLE_FACES[2]]);
    expect(vision.status()).toEqual({ workers: 0, running: 0, queued: 0 });
  });

  it('gives every caller its own photo when several workers answer out of order', async () => {
    const vision = await start({ workers: 2 });
    const numbers = [5, 1, 4, 2, 6, 3, 5, 1];
    const analyses = await Promise.all(
      numbers.map((number) => vision.analyse(sample(number), EVERYTHING)),
    );
    expect(analyses.map(({ faces }) => faces.length)).toEqual(
      numbers.map((number) => SAMPLE_FACES[number - 1]),
    );
  });
});

describe('the time limit', () => {
  it('gives up an image that takes too long and answers the ones behind it', async () => {
    const messages: string[] = [];
    // The limit follows this machine's speed: a third of what the crowd needs, many times what a photo does.
    const patient = await start({ timeoutMs: 600_000 });
    const photo = await crowd(patient);
    const startedAt = performance.now();
    expect((await patient.analyse(photo, EVERYTHING)).faces.length).toBeGreaterThan(30);
    const timeoutMs = Math.round((performance.now() - startedAt) / 3);
    const vision = await start({ timeoutMs, log: (message) => messages.push(message) });
    const slow = vision.analyse(photo, EVERYTHING);
    const behind = vision.analyse(sample(3), EVERYTHING);
    await expect(slow).rejects.toMatchObject({
      code: 'InvalidImageFormatException',
      message: expect.stringContaining(`${timeoutMs} ms`) as string,
    });
    expect((await behind).faces).toHaveLength(SAMPLE_FACES[2]);
    expect(vision.status()).toEqual({ workers: 1, running: 0, queued: 0 });
    expect(messages).toContain('an image exceeded the time limit; its worker is replaced');
  }, 300_000);
});

describe('starting', () => {
  it('takes the runtime it was told to use, and names the model that pins collections', async () => {
    const told: object[] = [];
    const vision = await start({ log: (_, details) => told.push(details) });
    expect(vision.runtime).toBe('tfjs-wasm');
    expect(told).toContainEqual(
      expect.objectContaining({ runtime: 'tfjs-wasm', model: vision.model.id }),
    );
    const { model } = vision;
    expect(model.id).toMatch(/^dlib-cohort-[0-9a-f]{12}$/);
    expect(model.version).toMatch(/^[0-9.]+$/);
    expect(model.dimension).toBe(128);
  });

  it('refuses an unknown runtime', async () => {
    await expect(start({ runtime: 'abacus' })).rejects.toBeInstanceOf(OperatorError);
    await expect(start({ runtime: 'abacus' })).rejects.toThrow(
      /^unknown inference runtime abacus, expected auto, .*tfjs-wasm$/,
    );
  });

  it('refuses a bound that is not a positive whole number', async () => {
    await expect(start({ workers: 0 })).rejects.toThrow('workers must be');
    await expect(start({ timeoutMs: 1.5 })).rejects.toThrow('timeoutMs must be');
  });
});

describe('a worker with several threads around its nets, as for a GPU', () => {
  it('answers every photo of a burst that meets it fresh, each with its own faces', async () => {
    const settings = { maxPixels: 50_000_000, cacheDirectory: undefined, lanes: 3 };
    const worker = new VisionProcess(
      { runtime: 'tfjs-wasm', embedders: DEFAULT_EMBEDDERS, ...settings },
      () => {},
    );
    try {
      await worker.start();
      expect(worker.capacity).toBeGreaterThan(3);
      const numbers = Array.from({ length: 9 }, (_, index) => (index % 6) + 1);
      const replies = await Promise.all(
        numbers.map((number) =>
          worker.analyse({ image: sample(number), request: { ...EVERYTHING, embed: 'largest' } }),
        ),
      );
      expect(replies.map(({ analysis }) => analysis.faces.length)).toEqual(
        numbers.map((number) => SAMPLE_FACES[number - 1]),
      );
      const broken = { image: sample(1).subarray(0, 20_000), request: EVERYTHING };
      await expect(worker.analyse(broken)).rejects.toMatchObject({
        code: 'InvalidImageFormatException',
      });
    } finally {
      await worker.terminate();
    }
  });
});

describe('workers that end', () => {
  it('lose no photo, not even when all of them are killed at once', async () => {
    const deaths: string[] = [];
    const vision = await start({
      workers: 2,
      log: (message) => {
        if (message === 'a vision worker died') deaths.push(message);
      },
    });
    const photos = [1, 2, 3, 4];
    const analyses = photos.map((number) => vision.analyse(sample(number), EVERYTHING));
    for (const pid of childProcesses()) process.kill(pid, 'SIGKILL');
    const faces = (await Promise.all(analyses)).map((analysis) => analysis.faces.length);
    expect(faces).toEqual(photos.map((number) => SAMPLE_FACES[number - 1]));
    expect(deaths).not.toHaveLength(0);
  });

  it('are not asked again and again with a photo that kills them', async () => {
    const vision = await start({});
    const killer = setInterval(() => {
      if (vision.status().running > 0)
        for (const pid of childProcesses()) process.kill(pid, 'SIGKILL');
    }, 5);
    await expect(vision.analyse(sample(3), EVERYTHING)).rejects.toThrow('ended by SIGKILL');
    clearInterval(killer);
    expect((await vision.analyse(sample(3), EVERYTHING)).faces).toHaveLength(SAMPLE_FACES[2]);
  });
});

/** The child processes of this one that a vision pool has started. */
function childProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [, parent] = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return parent === String(process.pid) && command.includes('vision/worker.js');
      } catch {
        // It ended while it was looked at.
        return false;
      }
    })
    .map(Number);
}
