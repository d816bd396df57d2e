import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { backup } from '../../src/cli/commands/backup.js';
import { restore } from '../../src/cli/commands/restore.js';
import { createMasterKey, readCropKey, type Sealer } from '../../src/keys/master-key.js';
import { createSqliteStore } from '../../src/store/sqlite/store.js';
import { newCalibration } from '../store/contract-calibrations.js';
import { newFace, unitVector } from '../store/samples.js';
import { portrait } from '../support/photos.js';

const fresh = async (): Promise<{ data: string; copy: string; back: string }> => {
  const root = await mkdtemp(join(tmpdir(), 'likeness-backup-'));
  return { data: join(root, 'data'), copy: join(root, 'copy'), back: join(root, 'back') };
};
const collection = (collectionId: string) => ({
  collectionId,
  createdAtMs: 1,
  modelId: 'm',
  calibrationVersion: '1',
  faceModelVersion: '1.0',
  dimension: 4,
  tags: {},
  maxCollections: 100,
});

const calibration = newCalibration();

/** A photo as large as a crop. */
const faceOf = (): Promise<Buffer> => portrait('anna', { size: 160 });

describe('a backup', () => {
  beforeEach(() => {
    const silent = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    return () => silent.mockRestore();
  });

  it('of a directory in use, put back, holds what was acknowledged', async () => {
    const { data, copy, back } = await fresh();
    const store = await createSqliteStore({ directory: data });
    await store.calibrations.add(calibration);
    await store.createCollection(collection('before'));
    const busy = (async () => {
      for (let i = 0; i < 30; i++) {
        await store.createCollection(collection(`c${i}`));
        if (i % 3 === 0) await store.deleteCollection(`c${i}`);
      }
    })();
    await backup([copy, '--data', data]);
    await busy;
    await store.close();

    await restore([copy, '--data', back]);
    const restored = await createSqliteStore({ directory: back });
    const { items } = await restored.listCollections({ limit: 100 });
    expect(items.map(({ collectionId }) => collectionId)).toContain('before');
    for (const { collectionId } of items)
      expect(await restored.changeSequence(collectionId)).toBeGreaterThanOrEqual(0);
    expect(await restored.calibrations.list()).toEqual([calibration]);
    await restored.close();
    expect(statSync(back).mode & 0o077).toBe(0);
    expect(existsSync(join(copy, 'lock.db'))).toBe(false);
  });

  it('keeps the crops of faces, which are read with the master key alone', async () => {
    const { data, copy, back } = await fresh();
    const root = join(data, '..');
    const keys = ['master.key', 'other.key'].map((name) => join(root, name));
    for (const key of keys) createMasterKey(key);
    const [own, other] = keys.map(readCropKey) as [Sealer, Sealer];
    const crop = await faceOf();
    const faces = [1, 2, 3].map((seed) => {
      const face = newFace(seed, { embedding: unitVector(seed, 4) });
      return { ...face, crop: own.seal(crop, face.faceId) };
    });
    const store = await createSqliteStore({ directory: data });
    await store.createCollection(collection('people'));
    await store.insertFaces('people', faces.slice(0, 2), 10);
    await backup([copy, '--data', data]);
    await store.insertFaces('people', faces.slice(2), 10);
    await store.close();

    const bytes = readdirSync(join(copy, 'collections')).map((name) =>
      readFileSync(join(copy, 'collections', name)),
    );
    expect(bytes.some((file) => file.includes(Buffer.from(faces[0]!.crop).subarray(0, 64)))).toBe(
      true,
    );
    // Nothing of the photo, nor of what an image begins with.
    for (const part of [crop.subarray(2000, 2064), Buffer.from('JFIF'), Buffer.from('LIKENESS\0')])
      expect(bytes.some((file) => file.includes(part))).toBe(false);

    await restore([copy, '--data', back]);
    const restored = await createSqliteStore({ directory: back });
    expect(await restored.crops()).toEqual({
      crops: 2,
      bytes: faces[0]!.crop.length + faces[1]!.crop.length,
    });
    const newest = (await restored.newestCrop('people'))!;
    expect(newest.faceId).toBe(faces[1]!.faceId);
    expect(own.open(newest.crop, newest.faceId)).toEqual(crop);
    expect(other.open(newest.crop, newest.faceId)).toBeUndefined();
    expect(own.open(newest.crop, faces[0]!.faceId)).toBeUndefined();
    await restored.close();
  });

  it('never overwrites, in either direction', async () => {
    const { data, copy } = await fresh();
    await (await createSqliteStore({ directory: data })).close();
    await backup([copy, '--data', data]);
    await expect(backup([copy, '--data', data])).rejects.toThrow('never overwrites');
    await expect(restore([copy, '--data', data])).rejects.toThrow('never overwrites');
  });

  it('that is damaged or unfinished is refused and leaves nothing behind', async () => {
    const { data, copy, back } = await fresh();
    await (await createSqliteStore({ directory: data })).close();
    await backup([copy, '--data', data]);
    appendFileSync(join(copy, 'catalog.db'), 'x');
    await expect(restore([copy, '--data', back])).rejects.toThrow('catalog.db is damaged');
    await expect(restore([data, '--data', back])).rejects.toThrow('no finished backup');
    expect(readdirSync(join(back, '..')).toSorted()).toEqual(['copy', 'data']);
    expect(JSON.parse(readFileSync(join(copy, 'backup.json'), 'utf8'))).toMatchObject({
      format: 1,
    });
  });
});
