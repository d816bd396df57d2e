import type { Calibration } from '../domain/calibration.js';

/**
 * Calibration versions and who uses which. A version is written once and never changed or removed, so that
 * what a similarity meant on a day can always be told, and caches need no invalidation. Everything here
 * may be changed by another process: nothing but versions may be remembered.
 */
export interface CalibrationStore {
  /**
   * Keeps a version for good; its curve was checked. Nothing happens when the same curve is already there
   * under this name; OperatorError when the name stands for another curve of this model, and above
   * CALIBRATION_LIMITS.versions.
   */
  add(calibration: Calibration): Promise<void>;
  find(modelId: string, version: string): Promise<Calibration | undefined>;
  /** All of them, oldest first. */
  list(): Promise<Calibration[]>;
  /** The version new collections of a model pin; undefined: the one shipped with the model. */
  defaultOf(modelId: string): Promise<string | undefined>;
  /**
   * Makes a collection, or the default of a model, use another version from its commit on, and records
   * that. OperatorError when the version is unknown or `from` no longer stands;
   * ResourceNotFoundException for a missing collection.
   */
  switch(change: CalibrationSwitch): Promise<void>;
  /** What was switched, newest first; the last CALIBRATION_LIMITS.switches. */
  switches(): Promise<CalibrationSwitch[]>;
}

export interface CalibrationSwitch {
  modelId: string;
  /** Undefined: the default for new collections and for photos compared outside of any. */
  collectionId: string | undefined;
  /** Undefined (of a default only): the version shipped with the model. */
  from: string | undefined;
  to: string | undefined;
  atMs: number;
}

export const CALIBRATION_LIMITS = { versions: 1000, switches: 1000 } as const;
