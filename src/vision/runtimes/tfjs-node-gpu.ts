import type { Runtime } from './runtime.js';
import { tfjsRuntime } from './tfjs.js';
import { dropNative, startNative } from './tfjs-node.js';

/**
 * libtensorflow on an NVIDIA GPU, where the optional package @tensorflow/tfjs-node-gpu is installed.
 *
 * @throws when the package is absent, or present and without a device it can use: it would then compute on
 * the CPU, which is the other runtime's part.
 */
export async function startTfjsNodeGpu(): Promise<Runtime> {
  const backend = await startNative('@tensorflow/tfjs-node-gpu');
  if (backend.isUsingGpuDevice === false) {
    dropNative();
    throw new Error('it found no GPU of its CUDA version');
  }
  return tfjsRuntime('tfjs-node-gpu', 'CUDA GPU');
}
