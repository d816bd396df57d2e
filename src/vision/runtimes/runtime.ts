import type { ModelCard } from '../cards.js';
import type { ModelFiles } from '../models.js';

/** A net ready to run. Bound to the thread that loaded it. */
export interface Net {
  /** The most images one run takes. */
  readonly maxBatch: number;
  /**
   * Runs the net on `batch` images at once.
   *
   * @param pixels RGB 0–255, batch × size × size × 3; order, mean and divisor of the card are applied inside.
   * @returns one array for each output of the card, batch × length finite numbers.
   * @throws RuntimeFault when the runtime fails or gives anything else.
   */
  run(pixels: Float32Array, batch: number): Promise<Float32Array[]>;
}

/** How a net looks from outside. */
export interface NetShape {
  /** Sides, undefined where any is taken; empty where the model does not say. */
  inputs: readonly { name: string; shape: readonly (number | undefined)[] }[];
  outputs: readonly string[];
}

/** Something that runs nets: one file in this folder each. All give the same numbers: see `parity.ts`. */
export interface Runtime {
  readonly name: RuntimeName;
  /** The files of a model, made runnable. */
  load(model: ModelFiles): Promise<Net>;
  /** The inputs and outputs of an operator's model, whatever its card says of them. */
  inspect(model: ModelFiles): Promise<NetShape>;
  /** So many numbers an operator's model gives for one image at each output of its card; their `length` is not looked at. */
  measure(model: ModelFiles): Promise<number[]>;
  /** What it computes on, for people: `one CPU thread`, or the name of a graphics card and its driver. */
  readonly device: string;
  /** Resolves with the reason once the device is gone; a CPU never is. */
  readonly lost: Promise<string>;
  /** How many tensors are alive: constant between images unless something leaks. */
  tensors(): number;
}

/** For the runtimes whose device cannot get lost. */
export const NEVER: Promise<string> = new Promise(() => {});

/** Nets by the name of their model. */
export type Nets = ReadonlyMap<string, Net>;

/** How a runtime uses the machine. */
export interface RuntimeTraits {
  /**
   * `core`: one thread, so a worker for each core. `machine`: all cores from one worker. `gpu`: a worker runs the
   * images of several requests at once on the device.
   */
  uses: 'core' | 'machine' | 'gpu';
  /** npm packages it needs besides the installed ones; absent ones make it unavailable, not an error. */
  packages: readonly string[];
  /** Whether it also runs models that are ONNX files; the others are run by all. */
  runsOnnx: boolean;
  /** Whether it keeps what a batch took on the device for the next one of that very size: then there may be few sizes. */
  keepsBySize?: boolean;
}

/** The runtimes there are. The order matters only between equally fast ones. */
export const RUNTIMES = {
  'onnxruntime-cuda': { uses: 'gpu', packages: ['onnxruntime-node'], runsOnnx: true },
  'onnxruntime-webgpu': { uses: 'gpu', packages: ['onnxruntime-node'], runsOnnx: true },
  'tfjs-node-gpu': { uses: 'gpu', packages: ['@tensorflow/tfjs-node-gpu'], runsOnnx: false },
  'tfjs-webgpu': {
    uses: 'gpu',
    packages: ['webgpu', '@tensorflow/tfjs-backend-webgpu'],
    runsOnnx: false,
    keepsBySize: true,
  },
  onnxruntime: { uses: 'core', packages: ['onnxruntime-node'], runsOnnx: true },
  'tfjs-node': { uses: 'machine', packages: ['@tensorflow/tfjs-node'], runsOnnx: false },
  'tfjs-wasm': { uses: 'core', packages: [], runsOnnx: false },
} as const satisfies Readonly<Record<string, RuntimeTraits>>;

export type RuntimeName = keyof typeof RUNTIMES;
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** Which runtimes may compute the nets. */
export interface Candidates {
  names: readonly RuntimeName[];
  /** The one that starts on any machine where its packages are. */
  fallback: RuntimeName;
}

/** The runtimes that run all of these models. */
export function candidatesFor(cards: readonly Pick<ModelCard, 'format'>[]): Candidates {
  const onnx = cards.some(({ format }) => format === 'onnx');
  return {
    names: RUNTIME_NAMES.filter((name) => RUNTIMES[name].runsOnnx || !onnx),
    fallback: onnx ? 'onnxruntime' : 'tfjs-wasm',
  };
}

/** Images in one run of a net: more bring nothing on a CPU but memory, and a GPU starves with fewer. */
const BATCH = { cpu: 8, gpu: 128 } as const;

/** The most images one run of a net takes on a runtime. */
export const batchOf = (name: RuntimeName, { input }: ModelCard): number =>
  Math.min(BATCH[RUNTIMES[name].uses === 'gpu' ? 'gpu' : 'cpu'], input.maxBatch);

/** A runtime that failed or computed nonsense: not the photo's fault, so another worker may do better. */
export class RuntimeFault extends Error {
  override readonly name = 'RuntimeFault';
}
