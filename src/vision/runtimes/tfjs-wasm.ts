import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type * as Backend from '@tensorflow/tfjs-backend-wasm';
import type { Runtime } from './runtime.js';
import { tf } from './tensorflow.js';
import { tfjsRuntime } from './tfjs.js';

/**
 * WebAssembly with SIMD: installs everywhere. One thread an instance (TensorFlow.js has no WASM threads under
 * Node), so parallelism comes from worker threads.
 */
export async function startTfjsWasm(): Promise<Runtime> {
  const require = createRequire(import.meta.url);
  const backend = '@tensorflow/tfjs-backend-wasm';
  const { setWasmPaths } = require(backend) as typeof Backend;
  // The package's entry lies beside its .wasm files.
  setWasmPaths(dirname(require.resolve(backend)) + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend did not start');
  await tf.ready();
  return tfjsRuntime('tfjs-wasm', 'one CPU thread');
}
