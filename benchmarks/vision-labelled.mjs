// The accuracy benchmark as a part of the vision benchmark: what `node benchmarks/accuracy.mjs` says, in short.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { facesFolder } from './vision-subjects.mjs';

/** Prints the tables of the accuracy benchmark and gives its main figures. */
export function labelled() {
  const script = join(import.meta.dirname, 'accuracy.mjs');
  const { status } = spawnSync(process.execPath, [script, facesFolder], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the accuracy benchmark failed');
  const folder = process.env.LIKENESS_BENCH_RESULTS ?? join(import.meta.dirname, 'results');
  const report = JSON.parse(readFileSync(join(folder, 'accuracy.json'), 'utf8'));
  const { lfwPairs, errorRates, users, detection, noFace, turned } = report;
  const lfw = errorRates.find(({ source }) => source === 'lfw');
  const sum = (list, key) => list.reduce((total, row) => total + row[key], 0);
  const figures = {
    'LFW pairs': lfwPairs.mean,
    'their deviation': lfwPairs.deviation,
    'TAR at FMR 1e-2': lfw['TAR@FMR0.01'],
    'TAR at FMR 1e-3': lfw['TAR@FMR0.001'],
    'TAR at FMR 1e-4': lfw['TAR@FMR0.0001'],
    'users of three photos, TAR at FMR 1e-3': users['TAR@FMR0.001'],
    'users of three photos, TAR at FMR 1e-4': users['TAR@FMR0.0001'],
    'photos of a person without a face': sum(detection, 'missed') / sum(detection, 'photos'),
    'photos of nobody without a face':
      1 -
      sum(
        noFace.kinds.map(({ found }) => found),
        'length',
      ) /
        sum(noFace.kinds, 'photos'),
    'turned photos with the same face': sum(turned, 'sameFace') / sum(turned, 'photos'),
  };
  const rows = Object.entries(figures).map(([subject, value]) => ({
    subject,
    value: Number(value.toFixed(4)),
  }));
  return { photos: report.photos, rows };
}
