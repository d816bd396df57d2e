import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Runtime } from './runtime.js';
import { tfjsRuntime } from './tfjs.js';

/**
 * WebAssembly with SIMD: installs everywhere. One thread an instance (TensorFlow.js has no WASM threads under
 * Node), so parallelism comes from worker threads.
 */
export async function startTfjsWasm(): Promise<Runtime> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // The package's entry lies beside its .wasm files.
  const entry = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm');
  setWasmPaths(dirname(entry) + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend did not start');
  await tf.ready();
  return tfjsRuntime('tfjs-wasm', 'one CPU thread');
}
