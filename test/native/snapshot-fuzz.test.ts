import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '../../native/snapshot/fuzz.sh');

/** Damaged files of each kind; LIKENESS_FUZZ asks for a longer campaign. */
const RUNS = process.env['LIKENESS_FUZZ'] ?? '120';

/** What fuzz.sh exits with where nothing can be compiled. */
const NO_COMPILER = 77;

it('refuses damaged snapshots and survives forged ones, watched by the address sanitizer', {
  timeout: 900_000,
}, ({ skip }) => {
  const { status, stdout, stderr, error } = spawnSync('sh', [script, RUNS], { encoding: 'utf8' });
  if (error || status === NO_COMPILER) skip(error?.message ?? stderr.trim());
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/ damaged, 0 of them accepted; \d+ forged, [1-9]\d* of them usable/);
});
