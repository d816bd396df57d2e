import type { Net } from './runtime.js';

/** How long a run may wait for others to join it. */
const MAX_WAIT_MS = 1;

/** Batches at the device at once: one computes while the next is being brought. */
const MAX_IN_FLIGHT = 2;

interface Waiting {
  pixels: Float32Array;
  batch: number;
  resolve: (outputs: Float32Array[]) => void;
  reject: (error: unknown) => void;
}

/**
 * A net whose runs are gathered from all its callers: while the device is busy they collect, and leave together
 * when it is free, at most `maxBatch` images at once. A run waits for company at most `MAX_WAIT_MS`.
 *
 * @param fewSizes of batches: powers of two where that is possible; the others wait for the next.
 */
export function batchingNet(net: Net, fewSizes = false): Net {
  const waiting: Waiting[] = [];
  let inFlight = 0;
  let timer: NodeJS.Timeout | undefined;

  const imagesWaiting = (): number => waiting.reduce((sum, { batch }) => sum + batch, 0);

  const take = (): Waiting[] => {
    let images = 0;
    let count = 0;
    let few: number | undefined;
    for (const { batch } of waiting) {
      if (count > 0 && images + batch > net.maxBatch) break;
      images += batch;
      count++;
      if (Number.isInteger(Math.log2(images))) few = count;
    }
    return waiting.splice(0, fewSizes ? (few ?? count) : count);
  };

  const leave = (): void => {
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0 && inFlight < MAX_IN_FLIGHT) {
      inFlight++;
      void runTogether(net, take()).finally(() => {
        inFlight--;
        leave();
      });
    }
  };

  return {
    maxBatch: net.maxBatch,
    run: (pixels, batch) =>
      new Promise((resolve, reject) => {
        waiting.push({ pixels, batch, resolve, reject });
        if (imagesWaiting() >= net.maxBatch) leave();
        else timer ??= setTimeout(leave, MAX_WAIT_MS);
      }),
  };
}

async function runTogether(net: Net, runs: readonly Waiting[]): Promise<void> {
  const images = runs.reduce((sum, { batch }) => sum + batch, 0);
  try {
    const outputs = await net.run(joined(runs), images);
    let first = 0;
    for (const { batch, resolve } of runs) {
      const from = first;
      // Copies: each caller hands its part over to its own thread.
      resolve(
        outputs.map((values) => {
          const each = values.length / images;
          return values.slice(from * each, (from + batch) * each);
        }),
      );
      first += batch;
    }
  } catch (error) {
    for (const { reject } of runs) reject(error);
  }
}

function joined(runs: readonly Waiting[]): Float32Array {
  if (runs.length === 1) return runs[0]!.pixels;
  const all = new Float32Array(runs.reduce((sum, { pixels }) => sum + pixels.length, 0));
  let at = 0;
  for (const { pixels } of runs) {
    all.set(pixels, at);
    at += pixels.length;
  }
  return all;
}
