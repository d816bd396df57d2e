import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openBeside } from '../../src/store/sqlite/beside.js';
import { openWriter } from '../../src/store/sqlite/connection.js';
import { CATALOG, migrate } from '../../src/store/sqlite/migrations.js';
import { newCalibration } from './contract-calibrations.js';
import { newCollection, storeFaces, takeFree } from './samples.js';
import { newDirectory, openStore } from './sqlite-store.js';

/** A catalog as versions before calibrations wrote it, with one collection in its list. */
function oldCatalog(directory: string): void {
  mkdirSync(join(directory, 'collections'));
  writeFileSync(join(directory, 'catalog.db'), '');
  const catalog = openWriter(join(directory, 'catalog.db'));
  migrate(catalog, { ...CATALOG, migrations: CATALOG.migrations.slice(0, 1) });
  catalog.close();
}

describe('a program beside the service', () => {
  it('reads what was committed, and its switches are seen by the next call', async () => {
    const { store, directory } = await openStore();
    const [one, two] = [newCalibration(), newCalibration()];
    const given = newCollection({ calibrationVersion: one.curve.version });
    const { collectionId } = given;
    await store.createCollection(given);
    const { ids, given: faces } = await storeFaces(store, collectionId, 3);
    await store.createUser(collectionId, 'ada', { maxUsers: 9 });
    await store.createUser(collectionId, 'none', { maxUsers: 9 });
    await store.changeUserFaces(collectionId, { userId: 'ada', faceIds: ids }, takeFree);

    const beside = openBeside(directory);
    const people = [];
    for await (const person of beside.people(collectionId)) people.push(person);
    expect(people).toEqual([
      {
        userId: 'ada',
        faces: faces.map(({ faceId, embedding }) => ({ faceId, embedding })),
      },
      { userId: 'none', faces: [] },
    ]);
    expect((await beside.listCollections({ limit: 10 })).items).toMatchObject([
      { collectionId, faceCount: 3, userCount: 2 },
    ]);

    for (const each of [one, two]) await beside.calibrations.add(each);
    expect(await store.calibrations.find('model', two.curve.version)).toEqual(two);
    const { version: to } = two.curve;
    await beside.calibrations.switch({
      modelId: 'model',
      collectionId,
      from: one.curve.version,
      to,
      atMs: 1,
    });
    expect(await store.collection(collectionId)).toMatchObject({ calibrationVersion: to });
    beside.close();
    await store.putTags(collectionId, { still: 'writing' }, 5);
  });

  it('refuses a folder without data, and data the service has not brought up to date', async () => {
    const directory = newDirectory();
    expect(() => openBeside(directory)).toThrow('is no data directory of Likeness');
    oldCatalog(directory);
    expect(() => openBeside(directory)).toThrow('start the service of this version once');
    const { store } = await openStore({ directory });
    await store.calibrations.add(newCalibration());
    openBeside(directory).close();
  });

  it('cannot change or remove a version, whatever it writes', async () => {
    const { store, directory } = await openStore();
    await store.calibrations.add(newCalibration());
    const catalog = new Database(join(directory, 'catalog.db'));
    expect(() => catalog.exec("UPDATE calibrations SET points = '[]'")).toThrow('never changed');
    expect(() => catalog.exec('DELETE FROM calibrations')).toThrow('never removed');
    catalog.close();
  });
});
