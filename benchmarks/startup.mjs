// How long does `likeness` take to start, beside `node -e 0` in the same run?
// node benchmarks/startup.mjs [rounds]

import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { save } from './measuring.mjs';

const rounds = Number(process.argv[2] ?? 21);
const program = resolve(import.meta.dirname, '../dist/cli.js');
const variants = {
  'node -e 0': ['-e', '0'],
  'likeness --version': [program, '--version'],
  'likeness --help': [program, '--help'],
  'likeness associate-faces --help': [program, 'associate-faces', '--help'],
  'likeness associate-faces --generate-cli-skeleton': [
    program,
    'associate-faces',
    '--generate-cli-skeleton',
  ],
};
const times = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
for (let round = 0; round <= rounds; round++)
  for (const [name, args] of Object.entries(variants)) {
    const start = process.hrtime.bigint();
    const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
    const ms = Number(process.hrtime.bigint() - start) / 1e6;
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    // The first round fills the disk cache.
    if (round > 0) times[name].push(ms);
  }
const at = (sorted, share) => sorted[Math.floor((sorted.length - 1) * share)];
const round1 = (ms) => Math.round(ms * 10) / 10;
const figures = Object.fromEntries(
  Object.entries(times).map(([name, all]) => {
    const sorted = all.toSorted((a, b) => a - b);
    return [
      name,
      {
        medianMs: round1(at(sorted, 0.5)),
        minMs: round1(sorted[0]),
        p90Ms: round1(at(sorted, 0.9)),
      },
    ];
  }),
);
console.table(figures);

save('startup', { rounds, figures });
