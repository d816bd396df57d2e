import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Ended, runLikeness } from '../support/likeness.js';
import { expectFound, facesOf, populated } from '../support/people.js';
import { freshService } from '../support/service.js';

it('a collection moves without the faces that cannot be embedded, where that is said, and they come back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-partly-'));
  const settings = {
    LIKENESS_MODEL: 'dlib-resnet-unmirrored,dlib-cohort',
    LIKENESS_RUNTIME: 'tfjs-wasm',
    LIKENESS_VISION_WORKERS: '1',
  };
  const { client, dataDirectory, close } = await freshService(settings);
  const CollectionId = 'partly';
  const migrate = (...args: string[]): Promise<Ended> =>
    runLikeness(
      { ...settings, LIKENESS_DATA: dataDirectory },
      'collections',
      'migrate',
      CollectionId,
      ...args,
    );
  try {
    const { photos, faceIds } = await populated(client, CollectionId, folder);
    const before = await facesOf(client, CollectionId);
    for (const index of [0, 1]) rmSync(join(photos, `clara-${index}.jpg`));
    const to = ['--model', 'dlib-cohort'];
    const refused = await migrate(...to, '--photos', photos, '--switch');
    expect(refused.stderr).toContain('or leave them behind with --without-missing');

    const { stdout } = await migrate(...to, '--switch', '--without-missing');
    for (const faceId of faceIds.get('clara')!)
      expect(stdout).toContain(`without: ${faceId}, of user clara\n`);
    expect(stdout).toContain('2 faces are left behind, and come back with --back.');
    const moved = await facesOf(client, CollectionId);
    expect([...moved.values()].toSorted()).toEqual(['anna', 'anna', 'berta', 'berta']);

    const back = await migrate('--back', '--switch');
    expect(back.stdout).toContain('2 faces left behind came back.');
    expect(await facesOf(client, CollectionId)).toEqual(before);
    await expectFound(client, CollectionId);
  } finally {
    await close();
    rmSync(folder, { recursive: true });
  }
}, 120_000);
