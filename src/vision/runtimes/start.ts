import { OperatorError } from '../../errors.js';
import { reasonOf } from './reason.js';
import type { Runtime, RuntimeName } from './runtime.js';

type Starter = (cache: string | undefined) => Promise<Runtime>;

const onnxruntime =
  (name: 'onnxruntime' | 'onnxruntime-cuda' | 'onnxruntime-webgpu'): Starter =>
  async (cache) =>
    (await import('./onnxruntime.js')).startOnnxruntime(name, cache);

/** Each loads its code when it is started: a process that runs one has no use for the modules of the others. */
const STARTERS: Readonly<Record<RuntimeName, Starter>> = {
  'onnxruntime-cuda': onnxruntime('onnxruntime-cuda'),
  'onnxruntime-webgpu': onnxruntime('onnxruntime-webgpu'),
  onnxruntime: onnxruntime('onnxruntime'),
  'tfjs-node-gpu': async () => (await import('./tfjs-node-gpu.js')).startTfjsNodeGpu(),
  'tfjs-webgpu': async () => (await import('./tfjs-webgpu.js')).startTfjsWebgpu(),
  'tfjs-node': async () => (await import('./tfjs-node.js')).startTfjsNode(),
  'tfjs-wasm': async () => (await import('./tfjs-wasm.js')).startTfjsWasm(),
};

/**
 * Starts a runtime on the calling thread.
 *
 * @param cacheDirectory where converted models are kept; undefined: nowhere.
 * @throws OperatorError with the reason in one line when it cannot be used here.
 */
export async function startRuntime(name: RuntimeName, cacheDirectory?: string): Promise<Runtime> {
  try {
    return await STARTERS[name](cacheDirectory);
  } catch (cause) {
    throw new OperatorError(`runtime ${name} cannot be used: ${reasonOf(cause)}`, { cause });
  }
}
