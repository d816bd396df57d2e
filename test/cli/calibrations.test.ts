import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Calibration } from '../../src/domain/calibration.js';
import { createCalibrations } from '../../src/operations/calibrations.js';
import { newCalibration } from '../store/contract-calibrations.js';
import { newCollection, storeFaces, takeFree } from '../store/samples.js';
import { openStore } from '../store/sqlite-store.js';
import { runLikeness } from '../support/likeness.js';

/** Runs `likeness calibrations …` on a data directory. */
const run = (directory: string, ...args: string[]) =>
  runLikeness({ LIKENESS_DATA: directory }, 'calibrations', ...args);

/** A store as a running service holds it: a collection with a user, the shipped curve and another. */
async function inUse() {
  const { store, directory } = await openStore();
  const shipped = newCalibration({ version: 'shipped-1' }).curve;
  await createCalibrations(
    store.calibrations,
    [{ id: 'model', name: 'model', calibration: shipped }],
    0,
  );
  await store.calibrations.add(newCalibration({ version: 'door-1', slope: -4 }));
  await store.createCollection(
    newCollection({ collectionId: 'people', calibrationVersion: 'shipped-1' }),
  );
  const { ids } = await storeFaces(store, 'people', 4);
  await store.createUser('people', 'ada', { maxUsers: 9 });
  await store.changeUserFaces('people', { userId: 'ada', faceIds: ids }, takeFree);
  const pinned = async () => (await store.collection('people')).calibrationVersion;
  return { store, directory, pinned };
}

const ofPeople = ['--collection-id', 'people'];

describe('likeness calibrations, beside a service that runs', () => {
  it('shows what would change, switches only when told to, and back', async () => {
    const { store, directory, pinned } = await inUse();
    const shown = await run(directory, 'diff', 'door-1', ...ofPeople, '--threshold', '62.5');
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toContain('Collection people: calibration shipped-1 → door-1');
    expect(shown.stdout).toContain('4 faces of 1 user compared');
    expect(shown.stdout).toMatch(/^62\.5 /m);

    const asked = await run(directory, 'use', 'door-1', ...ofPeople);
    expect(asked).toMatchObject({ code: 1, stderr: expect.stringContaining('add --yes') });
    expect(await pinned()).toBe('shipped-1');

    const done = await run(directory, 'use', 'door-1', ...ofPeople, '--yes');
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('from now on') });
    expect(await pinned()).toBe('door-1');

    expect((await run(directory, 'back', ...ofPeople, '--yes')).code).toBe(0);
    expect(await pinned()).toBe('shipped-1');
    expect(await store.calibrations.switches()).toMatchObject([
      { collectionId: 'people', from: 'door-1', to: 'shipped-1' },
      { collectionId: 'people', from: 'shipped-1', to: 'door-1' },
    ]);
  });

  it('sets the default of new collections and takes it back; lists who uses what', async () => {
    const { store, directory } = await inUse();
    expect((await run(directory, 'default', 'door-1', '--yes')).code).toBe(0);
    expect(await store.calibrations.defaultOf('model')).toBe('door-1');
    const { stdout } = await run(directory, 'list');
    expect(stdout).toMatch(/^shipped-1 .* shipped .* people$/m);
    expect(stdout).toMatch(/^door-1 .* measured .* yes$/m);
    expect(stdout).toContain('new collections: shipped → door-1');
    expect((await run(directory, 'default', 'shipped', '--yes')).code).toBe(0);
    expect(await store.calibrations.defaultOf('model')).toBeUndefined();
  });

  it.each(['door-1', 'users-1'])('brings a version to another machine: %s', async (version) => {
    const [one, two] = [await inUse(), await openStore()];
    const users = newCalibration({ version: 'users-1' });
    await one.store.calibrations.add({ ...users, curve: { ...users.curve, gains: [0.1, 0.2] } });
    const { stdout } = await run(one.directory, 'show', version, '--json');
    const file = join(one.directory, 'door-1.json');
    writeFileSync(file, stdout);
    const added = await run(two.directory, 'add', file, '--as', 'door-2');
    expect(added).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing uses it yet'),
    });
    const { curve, evidence } = JSON.parse(stdout) as Calibration;
    const found = await two.store.calibrations.find('model', 'door-2');
    expect(found).toMatchObject({ evidence });
    expect(found?.curve).toEqual({ ...curve, version: 'door-2' });
  });

  it.each([
    [['show', 'nothing'], 'there is no calibration version nothing'],
    [['use', 'door-1'], 'name the collection: --collection-id ID'],
    [['diff', 'door-1', '--collection-id', 'gone'], 'The collection id: gone does not exist'],
    [
      ['diff', 'lost', ...ofPeople],
      'there is no calibration version lost of model, only: shipped-1',
    ],
    [['back', ...ofPeople], 'people was not switched: it uses shipped-1 still'],
    [['diff', 'door-1', ...ofPeople, '--threshold', '120'], 'a number from 0 to 100, got 120'],
    [['add', '/dev/null'], '/dev/null is no calibration version'],
    [['burn', 'door-1'], 'no such form: see likeness calibrations --help'],
    [['list', '--data', '/nowhere'], '/nowhere is no data directory of Likeness'],
  ])('%j: says what is wrong', async (args, message) => {
    const { directory } = await inUse();
    const { code, stderr } = await run(directory, ...args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
