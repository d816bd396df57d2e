import type { Calibration, CalibrationEvidence } from '../../domain/calibration.js';
import type { CalibrationCurve } from '../../domain/similarity.js';
import { OperatorError } from '../../errors.js';
import {
  CALIBRATION_LIMITS,
  type CalibrationStore,
  type CalibrationSwitch,
} from '../calibrations.js';
import { collectionMissing } from '../refusals.js';
import type { Connection } from './connection.js';

/** How calibrations reach the catalog: by the store's threads, or by a program beside the service. */
export interface CalibrationPorts {
  read<T>(work: (catalog: Connection) => T): T;
  add(calibration: Calibration): Promise<void>;
  switch(change: CalibrationSwitch): Promise<void>;
}

/** CalibrationStore on the catalog. */
export const calibrationStore = (ports: CalibrationPorts): CalibrationStore => ({
  add: (calibration) => ports.add(calibration),
  switch: (change) => ports.switch(change),
  find: async (modelId, version) =>
    ports.read((catalog) => findCalibration(catalog, modelId, version)),
  list: async () =>
    ports.read((catalog) => catalog.all<Row>(`${SELECT} ORDER BY id`).map(toCalibration)),
  defaultOf: async (modelId) => ports.read((catalog) => defaultOf(catalog, modelId)),
  switches: async () => ports.read(listSwitches),
});

interface Row {
  modelId: string;
  version: string;
  exponent: number;
  points: string;
  gains: string | null;
  evidence: string;
  createdAtMs: number;
}

const SELECT = `
  SELECT model_id AS modelId, version, exponent, points, gains, evidence, created_at_ms AS createdAtMs
  FROM calibrations`;

const toCalibration = ({ modelId, createdAtMs, evidence, gains, ...curve }: Row): Calibration => ({
  modelId,
  curve: {
    ...curve,
    points: JSON.parse(curve.points) as CalibrationCurve['points'],
    ...(gains !== null && { gains: JSON.parse(gains) as number[] }),
  },
  evidence: JSON.parse(evidence) as CalibrationEvidence,
  createdAtMs,
});

function findCalibration(
  catalog: Connection,
  modelId: string,
  version: string,
): Calibration | undefined {
  const row = catalog.get<Row>(`${SELECT} WHERE model_id = ? AND version = ?`, modelId, version);
  return row && toCalibration(row);
}

const defaultOf = (catalog: Connection, modelId: string): string | undefined =>
  catalog.get<{ version: string }>(
    'SELECT version FROM calibration_defaults WHERE model_id = ?',
    modelId,
  )?.version;

const listSwitches = (catalog: Connection): CalibrationSwitch[] =>
  catalog
    .all<{
      modelId: string;
      collectionId: string | null;
      fromVersion: string | null;
      toVersion: string | null;
      atMs: number;
    }>(
      `SELECT model_id AS modelId, collection_id AS collectionId, from_version AS fromVersion,
              to_version AS toVersion, switched_at_ms AS atMs
       FROM calibration_switches ORDER BY id DESC`,
    )
    .map(({ modelId, collectionId, fromVersion, toVersion, atMs }) => ({
      modelId,
      collectionId: collectionId ?? undefined,
      from: fromVersion ?? undefined,
      to: toVersion ?? undefined,
      atMs,
    }));

/** CalibrationStore.add, as a transaction of its own. */
export function addCalibration(catalog: Connection, calibration: Calibration): void {
  const { modelId, curve, evidence, createdAtMs } = calibration;
  const { version, exponent } = curve;
  const points = JSON.stringify(curve.points);
  const gains = curve.gains ? JSON.stringify(curve.gains) : null;
  catalog.transaction('BEGIN IMMEDIATE', () => {
    const known = catalog.get<Row>(
      `${SELECT} WHERE model_id = ? AND version = ?`,
      modelId,
      version,
    );
    if (known?.exponent === exponent && known.points === points && known.gains === gains) return;
    if (known)
      throw new OperatorError(
        `the calibration version ${version} of ${modelId} is already another curve, and a version is never changed: give the new curve another name`,
      );
    const found = catalog.get<{ count: number }>('SELECT count(*) AS count FROM calibrations');
    if ((found?.count ?? 0) >= CALIBRATION_LIMITS.versions)
      throw new OperatorError(
        `there are ${CALIBRATION_LIMITS.versions} calibration versions already, and none is ever removed`,
      );
    catalog.run(
      `INSERT INTO calibrations (model_id, version, exponent, points, evidence, created_at_ms, gains)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
      modelId,
      version,
      exponent,
      points,
      JSON.stringify(evidence),
      createdAtMs,
      gains,
    );
  });
}

/** CalibrationStore.switch, as a transaction of its own. */
export function switchCalibration(catalog: Connection, change: CalibrationSwitch): void {
  const { modelId, collectionId, to } = change;
  catalog.transaction('BEGIN IMMEDIATE', () => {
    if (to !== undefined && !findCalibration(catalog, modelId, to))
      throw new OperatorError(
        `there is no calibration version ${to} of ${modelId}: likeness calibrations list`,
      );
    if (collectionId === undefined) setDefault(catalog, change);
    else pin(catalog, { ...change, collectionId });
    catalog.run(
      'INSERT INTO calibration_switches VALUES (NULL, ?, ?, ?, ?, ?)',
      modelId,
      collectionId ?? null,
      change.from ?? null,
      to ?? null,
      change.atMs,
    );
    catalog.run(
      'DELETE FROM calibration_switches WHERE id <= (SELECT max(id) FROM calibration_switches) - ?',
      CALIBRATION_LIMITS.switches,
    );
  });
}

function setDefault(catalog: Connection, { modelId, from, to }: CalibrationSwitch): void {
  requireStill('the default', from, defaultOf(catalog, modelId));
  if (to === undefined) catalog.run('DELETE FROM calibration_defaults WHERE model_id = ?', modelId);
  else catalog.run('INSERT OR REPLACE INTO calibration_defaults VALUES (?, ?)', modelId, to);
}

function pin(
  catalog: Connection,
  { modelId, collectionId, from, to }: CalibrationSwitch & { collectionId: string },
): void {
  const found = catalog.get<{ modelId: string; version: string }>(
    `SELECT model_id AS modelId, calibration_version AS version FROM collections
     WHERE collection_id = ?`,
    collectionId,
  );
  if (!found) throw collectionMissing(collectionId);
  requireStill(`the collection ${collectionId}`, from, found.version);
  if (found.modelId !== modelId || to === undefined)
    throw new OperatorError(
      `the collection ${collectionId} is of the model ${found.modelId}: name one of its calibration versions`,
    );
  catalog.run(
    'UPDATE collections SET calibration_version = ? WHERE collection_id = ?',
    to,
    collectionId,
  );
}

/** The difference that was looked at is that from `from`. */
function requireStill(what: string, from: string | undefined, now: string | undefined): void {
  if (from !== now)
    throw new OperatorError(
      `${what} was switched meanwhile, to ${now ?? 'the shipped calibration'}: look at the difference again`,
    );
}
