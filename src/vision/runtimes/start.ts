import { OperatorError } from '../../errors.js';
import { startOnnxruntime } from './onnxruntime.js';
import type { Runtime, RuntimeName } from './runtime.js';
import { startTfjsNode } from './tfjs-node.js';
import { startTfjsNodeGpu } from './tfjs-node-gpu.js';
import { startTfjsWasm } from './tfjs-wasm.js';
import { startTfjsWebgpu } from './tfjs-webgpu.js';

const STARTERS: Readonly<Record<RuntimeName, (cache: string | undefined) => Promise<Runtime>>> = {
  'onnxruntime-cuda': (cache) => startOnnxruntime('onnxruntime-cuda', cache),
  'onnxruntime-webgpu': (cache) => startOnnxruntime('onnxruntime-webgpu', cache),
  'tfjs-node-gpu': startTfjsNodeGpu,
  'tfjs-webgpu': startTfjsWebgpu,
  onnxruntime: (cache) => startOnnxruntime('onnxruntime', cache),
  'tfjs-node': startTfjsNode,
  'tfjs-wasm': startTfjsWasm,
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

/** One line: native loaders like to print a page. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return 'not installed';
  return error.message.split('\n', 1)[0] || error.name;
}
