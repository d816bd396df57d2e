import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fmrOf } from '../../src/domain/similarity.js';
import { createCalibrations } from '../../src/operations/calibrations.js';
import type { Store } from '../../src/store/store.js';
import type { ThresholdsReport } from '../../src/thresholds/report.js';
import { DEFAULT_MODELS, embeddingModel, loadCard } from '../../src/vision/models.js';
import { newCollection, newFace, normalised, takeFree, unitVector } from '../store/samples.js';
import { openStore } from '../store/sqlite-store.js';
import { runLikeness } from '../support/likeness.js';

const likeness = (directory: string, args: readonly string[]) =>
  runLikeness({ HOME: directory, LIKENESS_DATA: directory }, ...args);

const model = embeddingModel(await loadCard(DEFAULT_MODELS.embedder, 'embedder'));

/** A collection of made-up people with two faces each, in a store as a running service holds it. */
async function population(people: number): Promise<{ store: Store; directory: string }> {
  const { store, directory } = await openStore();
  const { id: modelId, dimension, calibration } = model;
  await createCalibrations(store.calibrations, [model], 0);
  await store.createCollection(
    newCollection({
      collectionId: 'people',
      modelId,
      dimension,
      calibrationVersion: calibration?.version ?? '',
    }),
  );
  const faces = Array.from({ length: people }, (_, person) => {
    const one = unitVector(2 * person + 1, dimension);
    const noise = unitVector(2 * person + 2, dimension);
    const other = normalised(Float64Array.from(one, (value, i) => value + 0.3 * noise[i]!));
    return [one, other].map((embedding) => newFace(person, { embedding }));
  });
  const { value } = await store.insertFaces('people', faces.flat(), 1e6);
  await Promise.all(
    faces.map(async (_, person) => {
      const userId = `person-${person}`;
      await store.createUser('people', userId, { maxUsers: 1e6 });
      const faceIds = value.slice(2 * person, 2 * person + 2).map(({ faceId }) => faceId);
      await store.changeUserFaces('people', { userId, faceIds }, takeFree);
    }),
  );
  return { store, directory };
}

const measured = ['thresholds', '--collection-id', 'people', '--replicates', '100'];

describe('likeness thresholds --apply', () => {
  it('keeps a version whose similarities mean what was measured, beside a page and charts', async () => {
    const { store, directory } = await population(200);
    const at = (name: string): string => join(directory, name);
    const { code, stdout, stderr } = await likeness(directory, [
      ...measured,
      '--apply',
      '--as',
      'door-1',
      '--json',
      at('run.json'),
      '--html',
      at('run.html'),
      '--svg',
      at('charts'),
    ]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain('Nothing uses it yet');
    expect(readFileSync(at('run.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect(readdirSync(at('charts'))).toContain('det.svg');

    const kept = (await store.calibrations.find(model.id, 'door-1'))!;
    const report = JSON.parse(readFileSync(at('run.json'), 'utf8')) as ThresholdsReport;
    expect(kept.evidence).toMatchObject({
      kind: 'measured',
      impostorPairs: report.protocol.counts.impostorComparisons,
      dataHash: report.protocol.input.sha256,
      command: expect.stringContaining('likeness thresholds --collection-id people'),
    });
    // By the kept curve every measured cosine is as rare as it was found to be.
    const points = report.impostorCurve.filter(
      ({ extrapolated, log10Fmr }) => !extrapolated && log10Fmr < -0.31,
    );
    expect(points.length).toBeGreaterThan(10);
    for (const { cosine, log10Fmr } of points)
      expect(Math.abs(Math.log10(fmrOf(kept.curve, cosine)) - log10Fmr)).toBeLessThan(0.1);

    const used = await likeness(directory, [
      'calibrations',
      'use',
      'door-1',
      '--collection-id',
      'people',
      '--yes',
    ]);
    expect(used.code).toBe(0);
    expect(await store.collection('people')).toMatchObject({ calibrationVersion: 'door-1' });
  });

  it('draws earlier runs into the same charts', async () => {
    const { directory } = await population(60);
    const at = (name: string): string => join(directory, name);
    await likeness(directory, [...measured, '--label', 'before', '--json', at('a.json')]);
    const again = await likeness(directory, [
      ...measured,
      '--label',
      'after',
      '--overlay',
      at('a.json'),
      '--json',
      at('b.json'),
      '--html',
      at('both.html'),
    ]);
    expect(again.code).toBe(0);
    const compared = await likeness(directory, [
      'thresholds',
      'compare',
      at('a.json'),
      at('b.json'),
      '--html',
      at('compared.html'),
    ]);
    expect(compared.code).toBe(0);
    for (const page of ['both.html', 'compared.html']) {
      const html = readFileSync(at(page), 'utf8');
      expect(html).toContain('Runs compared');
      for (const label of ['before', 'after']) expect(html).toContain(`>${label}</text>`);
    }
  });

  it('says what is missing, before it measures and after', async () => {
    const { store, directory } = await population(30);
    const nowhere = join(directory, 'nowhere');
    const missing = await likeness(directory, [...measured, '--apply', '--data', nowhere]);
    expect(missing).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is no data directory'),
    });
    const few = await likeness(directory, [
      ...measured,
      '--apply',
      '--html',
      join(directory, 'few.html'),
    ]);
    expect(few).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('these data cannot bear a calibration'),
    });
    // What was measured is not lost with it.
    expect(existsSync(join(directory, 'few.html'))).toBe(true);
    expect(await store.calibrations.list()).toHaveLength(1);
  });
});
