import util from 'node:util';
import type { Runtime } from './runtime.js';
import { tf } from './tensorflow.js';
import { tfjsRuntime } from './tfjs.js';

/** The name under which both native packages register their backend. */
const BACKEND = 'tensorflow';

/** What we use of the native packages' backend; they are optional, so their types are not at hand. */
export interface NativeBackend {
  /** Whether libtensorflow found a device of its CUDA version. */
  readonly isUsingGpuDevice?: boolean;
}

/** libtensorflow on the CPU, where the optional package @tensorflow/tfjs-node is installed. */
export async function startTfjsNode(): Promise<Runtime> {
  await startNative('@tensorflow/tfjs-node');
  return tfjsRuntime('tfjs-node', 'all CPU cores');
}

/**
 * Loads a native package, which registers its backend on the engine this thread shares, and sets it.
 *
 * @throws whatever the import throws: package absent, native binding missing or built for another system.
 */
export async function startNative(packageName: string): Promise<NativeBackend> {
  restoreUtil();
  // A variable, so that the compiler does not look for a package that need not be there.
  await import(packageName);
  if (!(await tf.setBackend(BACKEND))) throw new Error(`${packageName} did not start its backend`);
  await tf.ready();
  return tf.backend() as NativeBackend;
}

/** Takes back a native backend that turned out to be of no use. */
export function dropNative(): void {
  tf.removeBackend(BACKEND);
}

/** tfjs-node 4.22 calls util functions that Node 23 removed (tfjs issue 8609). */
function restoreUtil(): void {
  const legacy = util as unknown as Record<string, unknown>;
  legacy['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  legacy['isArray'] ??= Array.isArray;
}
