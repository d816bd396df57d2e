import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.js';
import { type EmbedOptions, embedPhotos } from '../../src/thresholds/inputs/embed.js';
import { installedModel } from '../../src/thresholds/inputs/input.js';
import { photosInCsv, photosInFolder } from '../../src/thresholds/inputs/photos.js';
import type { AnalysedFace, Vision } from '../../src/vision/vision.js';
import { Random } from '../vectors/data.js';

const folder = mkdtempSync(join(tmpdir(), 'likeness-embed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = await installedModel();
const random = new Random(1);

const face = (box: { left: number; top: number; width: number; height: number }): AnalysedFace =>
  ({
    box,
    confidence: 99,
    quality: { brightness: 50, sharpness: 50 },
    pose: { roll: 0, yaw: 0, pitch: 0 },
    sizePx: 80,
    reasons: [],
    embedding: random.direction(model.dimension),
  }) as unknown as AnalysedFace;

/** A vision part that counts its photos; the photo's text says what is in it. */
function countingVision(onPhoto: (count: number) => void = () => undefined) {
  let count = 0;
  const vision: Vision = {
    model,
    models: [model],
    runtime: 'counting',
    analyse: async (image) => {
      onPhoto(++count);
      const text = Buffer.from(image).toString();
      if (text.includes('broken')) throw new ApiError('InvalidImageFormatException', 'broken');
      if (text.includes('bug')) throw new TypeError('a bug');
      const faces = text.includes('nobody')
        ? []
        : [
            face({ left: 0, top: 0, width: 0.5, height: 0.5 }),
            ...(text.includes('two')
              ? [face({ left: 0.4, top: 0.4, width: 0.2, height: 0.2 })]
              : []),
          ];
      return { width: 100, height: 100, faces };
    },
    status: () => ({ workers: 1, running: 0, queued: 0 }),
    close: async () => undefined,
  };
  return { vision, photos: () => count };
}

const options = (
  vision: Vision,
  cache: string,
  more: Partial<EmbedOptions> = {},
): EmbedOptions => ({
  model,
  openVision: async () => vision,
  cacheDirectory: join(folder, cache),
  face: 'largest',
  filter: 'NONE',
  parallel: 1,
  ...more,
});

function photos(name: string, texts: Record<string, string>): string {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(join(folder, name, path, '..'), { recursive: true });
    writeFileSync(join(folder, name, path), text);
  }
  return join(folder, name);
}

const six = photos(
  'six',
  Object.fromEntries(
    ['a/1', 'a/2', 'b/1', 'b/2', 'c/1', 'c/2'].map((path) => [`${path}.jpg`, path]),
  ),
);

describe('embedding photos', () => {
  it('stopped half-way keeps what was computed, and the next run computes the rest', async () => {
    const abort = new AbortController();
    const first = countingVision((count) => {
      if (count === 3) abort.abort(new Error('stopped'));
    });
    const list = await photosInFolder(six);
    await expect(
      embedPhotos(list, options(first.vision, 'stop', { signal: abort.signal })),
    ).rejects.toThrow('stopped');
    const second = countingVision();
    const { faces } = await embedPhotos(list, options(second.vision, 'stop'));
    expect(faces.length).toBe(6);
    expect(first.photos() + second.photos()).toBe(6);
    const third = countingVision();
    await embedPhotos(list, options(third.vision, 'stop'));
    expect(third.photos()).toBe(0);
  });

  it('skips what a crash cut short or what is no line of the cache', async () => {
    const list = await photosInFolder(six);
    await embedPhotos(list, options(countingVision().vision, 'cut'));
    const [file] = readdirSync(join(folder, 'cut'));
    const path = join(folder, 'cut', file ?? '');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, -200));
    appendFileSync(path, '\nnonsense');
    const again = countingVision();
    const { faces } = await embedPhotos(list, options(again.vision, 'cut'));
    expect([again.photos(), faces.length]).toEqual([1, 6]);
    // What was appended after the damage is read.
    const last = countingVision();
    await embedPhotos(list, options(last.vision, 'cut'));
    expect(last.photos()).toBe(0);
  });

  it('tells what gave no face, remembers it, and lets bugs through', async () => {
    const some = photos('some', {
      'a/1.jpg': 'one',
      'a/2.jpg': 'broken',
      'b/1.jpg': 'nobody',
      'b/2.jpg': 'two',
      'b/3.jpg': 'x'.repeat(6 * 1024 * 1024),
    });
    const list = await photosInFolder(some);
    const { failures, warnings, faces } = await embedPhotos(
      list,
      options(countingVision().vision, 'some'),
    );
    expect(failures.map(({ photo, reason }) => [photo, reason])).toEqual([
      ['a/2.jpg', 'NOT_AN_IMAGE'],
      ['b/1.jpg', 'NO_FACE'],
      ['b/3.jpg', 'TOO_LARGE'],
    ]);
    expect(faces.map(({ photo }) => photo)).toEqual(['a/1.jpg', 'b/2.jpg']);
    expect(warnings).toMatchObject([{ code: 'SEVERAL_FACES', items: ['b/2.jpg'] }]);
    const again = countingVision();
    const central = await embedPhotos(list, options(again.vision, 'some', { face: 'central' }));
    expect(again.photos()).toBe(0);
    expect(central.faces[1]?.embedding).not.toEqual(faces[1]?.embedding);
    const bug = await photosInFolder(photos('bug', { 'a/1.jpg': 'bug' }));
    await expect(embedPhotos(bug, options(countingVision().vision, 'bug'))).rejects.toThrow(
      'a bug',
    );
  });

  it('gives the same data digest wherever the photos lie, another for other labels', async () => {
    const digest = async (name: string, texts: Record<string, string>): Promise<string> =>
      (
        await embedPhotos(
          await photosInFolder(photos(name, texts)),
          options(countingVision().vision, 'd'),
        )
      ).sha256;
    const one = await digest('d1', { 'a/1.jpg': '1', 'b/1.jpg': '2' });
    expect(await digest('d2', { 'a/other.jpg': '1', 'b/name.jpg': '2' })).toBe(one);
    expect(await digest('d3', { 'a/1.jpg': '2', 'b/1.jpg': '1' })).not.toBe(one);
  });
});

describe('a CSV file of photos', () => {
  const list = (text: string) => {
    const path = join(folder, 'list.csv');
    writeFileSync(path, text);
    return photosInCsv(path, { where: [{ column: 'site', value: 'door', not: false }] });
  };

  it('is refused with the line that an editor shows, whatever rows are left out before it', async () => {
    await expect(
      list('photo,person,site\na.jpg,Ada,yard\n\n"b.jpg","Bo\nB",yard\n,Cy,door\n'),
    ).rejects.toThrow('line 6 names no photo');
    await expect(
      list('a,b,same,site\na.jpg,b.jpg,1,yard\nc.jpg,d.jpg,perhaps,door\n'),
    ).rejects.toThrow('line 3: expected 1 or 0 for the same person, got perhaps');
  });
});
