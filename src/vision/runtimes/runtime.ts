import type { ModelFiles } from '../models.js';

/** A net ready to run. Bound to the thread that loaded it. */
export interface Net {
  /**
   * Runs the net on `batch` images at once (at most the card's `maxBatch`).
   *
   * @param pixels RGB 0–255, batch × size × size × 3; order, mean and divisor of the card are applied inside.
   * @returns one array for each output of the card, batch × length numbers.
   */
  run(pixels: Float32Array, batch: number): Promise<Float32Array[]>;
}

/** Something that runs nets: one file in this folder each. All give the same numbers to within 1e-4. */
export interface Runtime {
  readonly name: RuntimeName;
  /** The file of a model, made runnable. */
  load(model: ModelFiles): Promise<Net>;
  /** How many tensors are alive: constant between images unless something leaks. */
  tensors(): number;
}

/** The runtimes there are, best first: the order in which `auto` tries them. */
export const RUNTIME_NAMES = ['tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm'] as const;
export type RuntimeName = (typeof RUNTIME_NAMES)[number];

/**
 * Runtimes that only one thread of a process can load, ever: the native binding keeps its backend in a global
 * and does not register a second time (tfjs issues 2079, 8388). libtensorflow uses all cores from that thread.
 */
export const ONE_THREAD_ONLY: ReadonlySet<RuntimeName> = new Set(['tfjs-node-gpu', 'tfjs-node']);

/** The runtime that starts on any thread of any machine. */
export const FALLBACK_RUNTIME: RuntimeName = 'tfjs-wasm';
