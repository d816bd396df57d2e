import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '../../native/kernels/check.sh');
const needed = ['aarch64-linux-gnu-g++', 'qemu-aarch64-static'];
const missing = needed.filter((program) => spawnSync(program, ['--version']).error);

it.skipIf(missing.length > 0)(
  `kernels for ARM give what the scalar ones do, under an emulator${missing.length > 0 ? ` (skipped: ${missing.join(' and ')} missing)` : ''}`,
  { timeout: 300_000 },
  () => {
    const { status, stdout, stderr } = spawnSync(script, ['aarch64'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('neon with neondot codes and neon tiles');
  },
);
