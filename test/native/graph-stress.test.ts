import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '../../native/graph/stress.sh');

/** What stress.sh exits with where nothing can be compiled. */
const NO_COMPILER = 77;

it.for(['thread', 'address'])(
  'inserts, searches and deletes at once, watched by the %s sanitizer',
  { timeout: 180_000 },
  (sanitizer, { skip }) => {
    const { status, stdout, stderr, error } = spawnSync('sh', [script, sanitizer, '2000'], {
      encoding: 'utf8',
    });
    if (error || status === NO_COMPILER) skip(error?.message ?? stderr.trim());
    expect({ status, stdout, stderr }).toMatchObject({ status: 0, stderr: '' });
    expect(stdout).toContain(' 0 lost');
  },
);
