import { expect, it } from 'vitest';
import type { Calibration } from '../../src/domain/calibration.js';
import type { CalibrationSwitch } from '../../src/store/calibrations.js';
import type { Subject } from './samples.js';

let named = 0;

/** A version nobody has yet. */
export const newCalibration = (
  options: { version?: string; modelId?: string; slope?: number } = {},
): Calibration => ({
  modelId: options.modelId ?? 'model',
  curve: {
    version: options.version ?? `version-${(named += 1)}`,
    exponent: 0.2,
    points: [
      [0.1 + 0.2, Math.log10(0.5)],
      [1, options.slope ?? -10],
    ],
  },
  evidence: { kind: 'measured', source: 'a test', impostorPairs: 1e7, notes: ['“äß”'] },
  createdAtMs: 1_700_000_000_123,
});

const toCollection = (collectionId: string, from: string, to: string): CalibrationSwitch => ({
  modelId: 'model',
  collectionId,
  from,
  to,
  atMs: 1_700_000_000_456,
});

export function calibrationsContract(subject: Subject): void {
  it('keeps a version to the last bit, across a restart', async () => {
    const given = newCalibration();
    await subject.store.calibrations.add(given);
    await subject.reopen();
    const { calibrations } = subject.store;
    expect(await calibrations.find('model', given.curve.version)).toEqual(given);
    expect((await calibrations.list()).at(-1)).toEqual(given);
    expect(await calibrations.find('another model', given.curve.version)).toBeUndefined();
  });

  it('keeps what strangers gain on users, and nothing where a version says nothing of it', async () => {
    const { calibrations } = subject.store;
    const { curve, ...rest } = newCalibration();
    const given = { ...rest, curve: { ...curve, gains: [0.1 + 0.2, 0.25] } };
    await calibrations.add(given);
    await calibrations.add(given);
    expect(await calibrations.find('model', curve.version)).toEqual(given);
    for (const gains of [undefined, [0.3, 0.24]])
      await expect(
        calibrations.add({ ...given, curve: { ...curve, ...(gains && { gains }) } }),
      ).rejects.toThrow('is already another curve');
    const silent = newCalibration();
    await calibrations.add(silent);
    expect((await calibrations.find('model', silent.curve.version))?.curve).not.toHaveProperty(
      'gains',
    );
  });

  it('never lets a version mean another curve', async () => {
    const { calibrations } = subject.store;
    const given = newCalibration();
    const { version } = given.curve;
    await calibrations.add(given);
    await calibrations.add({ ...given, createdAtMs: 5 });
    await expect(calibrations.add(newCalibration({ version, slope: -9 }))).rejects.toThrow(
      `the calibration version ${version} of model is already another curve`,
    );
    expect(await calibrations.find('model', version)).toEqual(given);
    await calibrations.add(newCalibration({ version, slope: -9, modelId: 'other' }));
  });

  it('switches a collection, says so across a restart, and switches back', async () => {
    const [one, two] = [newCalibration(), newCalibration()];
    for (const each of [one, two]) await subject.store.calibrations.add(each);
    const { version: from } = one.curve;
    const { version: to } = two.curve;
    const id = await subject.collection({ calibrationVersion: from });
    const other = await subject.collection({ calibrationVersion: from });
    await subject.store.calibrations.switch(toCollection(id, from, to));
    await subject.reopen();
    const { store } = subject;
    expect(await store.collection(id)).toMatchObject({ calibrationVersion: to });
    expect(await store.collection(other)).toMatchObject({ calibrationVersion: from });
    await store.calibrations.switch(toCollection(id, to, from));
    expect(await store.collection(id)).toMatchObject({ calibrationVersion: from });
    expect((await store.calibrations.switches()).slice(0, 2)).toEqual([
      toCollection(id, to, from),
      toCollection(id, from, to),
    ]);
  });

  it('refuses a switch whose starting point no longer stands, and to what is not there', async () => {
    const { calibrations } = subject.store;
    const given = newCalibration();
    await calibrations.add(given);
    await calibrations.add(newCalibration({ version: 'foreign', modelId: 'other' }));
    const { version } = given.curve;
    const id = await subject.collection({ calibrationVersion: version });
    await expect(calibrations.switch(toCollection(id, 'older', version))).rejects.toThrow(
      `the collection ${id} was switched meanwhile, to ${version}`,
    );
    await expect(calibrations.switch(toCollection(id, version, 'unknown'))).rejects.toThrow(
      'there is no calibration version unknown of model',
    );
    await expect(
      calibrations.switch({ ...toCollection(id, version, 'foreign'), modelId: 'other' }),
    ).rejects.toThrow('is of the model model');
    await expect(calibrations.switch(toCollection('gone', version, version))).rejects.toMatchObject(
      { code: 'ResourceNotFoundException' },
    );
    expect((await calibrations.switches()).some(({ collectionId }) => collectionId === id)).toBe(
      false,
    );
  });

  it('has a default a model, which can be taken back', async () => {
    const modelId = 'model-with-default';
    const given = newCalibration({ modelId });
    const { version } = given.curve;
    await subject.store.calibrations.add(given);
    const change = { modelId, collectionId: undefined, from: undefined, to: version, atMs: 1 };
    expect(await subject.store.calibrations.defaultOf(modelId)).toBeUndefined();
    await subject.store.calibrations.switch(change);
    await subject.reopen();
    const { calibrations } = subject.store;
    expect(await calibrations.defaultOf(modelId)).toBe(version);
    expect(await calibrations.defaultOf('model')).toBeUndefined();
    await expect(calibrations.switch(change)).rejects.toThrow('was switched meanwhile');
    await calibrations.switch({ ...change, from: version, to: undefined });
    expect(await calibrations.defaultOf(modelId)).toBeUndefined();
  });

  it('forgets the switches of a deleted collection', async () => {
    const { store } = subject;
    const [one, two] = [newCalibration(), newCalibration()];
    for (const each of [one, two]) await store.calibrations.add(each);
    const id = await subject.collection({ calibrationVersion: one.curve.version });
    await store.calibrations.switch(toCollection(id, one.curve.version, two.curve.version));
    await store.deleteCollection(id);
    const left = await store.calibrations.switches();
    expect(left.some(({ collectionId }) => collectionId === id)).toBe(false);
  });
}
