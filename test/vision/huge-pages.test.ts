import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { describe, expect, it } from 'vitest';
import { useHugePages } from '../../src/vision/runtimes/huge-pages.js';

const MEGABYTE = 2 ** 20;

const residentBytes = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;

/** Skipped on a machine without a compiler, where this is not to be had. */
const hasAddon =
  process.platform === 'linux' &&
  existsSync(new URL('../../native/build/Release/likeness.node', import.meta.url));

/** Linux 5.14 and newer bring pages when they are asked to. */
const [major = 0, minor = 0] = release().split('.').map(Number);
const bringsPages = major > 5 || (major === 5 && minor >= 14);

describe('memory in huge pages', () => {
  it.skipIf(!hasAddon)(
    'is there before it is touched, as much as will be used, and holds what was in it',
    async () => {
      const bytes = new Uint8Array(128 * MEGABYTE);
      bytes.set([1, 2, 3], 5 * MEGABYTE);
      const before = residentBytes();
      expect(await useHugePages(bytes, 64 * MEGABYTE)).toBe(true);
      const grown = residentBytes() - before;
      expect(grown).toBeGreaterThan(bringsPages ? 48 * MEGABYTE : -MEGABYTE);
      // What is not used is not brought.
      expect(grown).toBeLessThan(96 * MEGABYTE);
      expect([...bytes.subarray(5 * MEGABYTE, 5 * MEGABYTE + 4)]).toEqual([1, 2, 3, 0]);
      expect(bytes[100 * MEGABYTE]).toBe(0);
    },
  );

  it.skipIf(!hasAddon)('is not more than there is', async () => {
    const bytes = new Uint8Array(10);
    await expect(useHugePages(bytes, 11)).rejects.toThrow(RangeError);
    await expect(useHugePages(bytes, -1)).rejects.toThrow(RangeError);
    await expect(useHugePages(new Float32Array(4) as never, 1)).rejects.toThrow(
      'bytes must be a Uint8Array',
    );
    await expect(useHugePages(bytes, 'all' as never)).rejects.toThrow('used must be a number');
  });

  it('comes as ever where there is no addon', async () => {
    expect(await useHugePages(new Uint8Array(10), 10, './absent.node')).toBe(false);
  });
});
