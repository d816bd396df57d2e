import { createRequire } from 'node:module';

const ADDON = '../../../native/build/Release/likeness.node';

const require = createRequire(import.meta.url);

type Use = (bytes: Uint8Array, used: number) => Promise<void>;

/**
 * Asks the system for huge pages (2 MB) where this memory is touched for the first time, and has a thread of its own
 * touch the part that will be used in any case. In a virtual machine every page of 4 kB costs some 10 µs then, and a
 * start of the nets touches 20,000 of them.
 *
 * @param used so many bytes of it, from its beginning.
 * @param file the addon, relative to this module or absolute.
 * @returns resolves when these are there; false where there is no native addon, or an old one: then memory comes as ever.
 * @throws RangeError where more is used than there is.
 */
export async function useHugePages(
  bytes: Uint8Array,
  used: number,
  file: string = ADDON,
): Promise<boolean> {
  const use = addonFunction(file);
  await use?.(bytes, used);
  return use !== undefined;
}

function addonFunction(file: string): Use | undefined {
  try {
    return (require(file) as { useHugePages?: Use }).useHugePages;
  } catch {
    // Why the addon does not load is told once, where the kernels are loaded from it.
    return undefined;
  }
}
