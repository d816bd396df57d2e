import type { ModelCard } from '../cards.js';
import { batchOf, type Net, RuntimeFault, type RuntimeName } from './runtime.js';

/** What a runtime has to give for a net; the checks around it are the same for all. */
export type RawRun = (pixels: Float32Array, batch: number) => Promise<readonly Float32Array[]>;

/**
 * The one place where numbers enter from a runtime: as many outputs and numbers as the card says, each finite.
 * A wrong shape would shift every following face, and a NaN passes every `<`.
 */
export function checkedNet(runtime: RuntimeName, card: ModelCard, run: RawRun): Net {
  const { name, input, outputs } = card;
  const maxBatch = batchOf(runtime, card);
  const pixelsEach = input.size * input.size * 3;
  return {
    maxBatch,
    async run(pixels, batch) {
      if (!Number.isInteger(batch) || batch < 1 || batch > maxBatch)
        throw new RangeError(`${name} takes 1 to ${maxBatch} images a run, got ${batch}`);
      if (pixels.length !== batch * pixelsEach)
        throw new RangeError(
          `${name} takes ${pixelsEach} numbers an image, got ${pixels.length} for ${batch}`,
        );
      const values = await run(pixels, batch).catch((cause: unknown) => {
        throw new RuntimeFault(`model ${name} could not be run: ${String(cause)}`, { cause });
      });
      for (const [index, output] of outputs.entries())
        checkOutput(`model ${name}, output ${output.name}`, values[index], batch * output.length);
      return [...values];
    },
  };
}

function checkOutput(what: string, values: Float32Array | undefined, length: number): void {
  if (values?.length !== length)
    throw new RuntimeFault(`${what}: got ${values?.length ?? 'no'} numbers, expected ${length}`);
  // A sum is finite only if every part is; this is the quick way to ask.
  let sum = 0;
  for (const value of values) sum += value;
  if (!Number.isFinite(sum)) throw new RuntimeFault(`${what}: got a number that is not finite`);
}
