import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../../native/wasm');

/** Another version may give other bytes. */
const MADE_WITH = 'clang version 14.';

const version = (program: string): string =>
  spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout ?? '';
const usable = version('clang').includes(MADE_WITH) && version('wasm-ld') !== '';

it.skipIf(!usable)(
  `the kept WebAssembly module is what its sources make (only with ${MADE_WITH} and wasm-ld)`,
  () => {
    const scratch = mkdtempSync(join(tmpdir(), 'likeness-wasm-'));
    try {
      const made = join(scratch, 'likeness.wasm');
      execFileSync(process.execPath, [join(folder, 'build.mjs'), made]);
      expect(readFileSync(made).equals(readFileSync(join(folder, 'likeness.wasm')))).toBe(true);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  },
);
