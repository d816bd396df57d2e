import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import type * as Backend from '@tensorflow/tfjs-backend-wasm';
import { useHugePages } from './huge-pages.js';
import type { Runtime } from './runtime.js';
import { tf } from './tensorflow.js';
import { tfjsRuntime } from './tfjs.js';

/** What we use of the module that Emscripten made of the backend. */
interface WasmModule {
  readonly HEAPU8: Uint8Array;
  /** 0 where there is no memory. */
  _malloc: (bytes: number) => number;
  _free: (address: number) => void;
}

/** Address space for nets, their packed filters and what a photo needs: what is not touched takes no memory. */
const MEMORY = 128 * 2 ** 20;

/** What the nets of the default have touched when they have run once. */
const USED = 80 * 2 ** 20;

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
  growInHugePages((tf.backend() as unknown as { wasm: WasmModule }).wasm);
  return tfjsRuntime('tfjs-wasm', 'one CPU thread');
}

/** It grows once, not step by step, and before anything lies in it; the pages come while JavaScript is loaded. */
function growInHugePages(module: WasmModule): void {
  const { _malloc: allocate, _free: free } = module;
  free(allocate(MEMORY));
  const { HEAPU8 } = module;
  // Without threads to spare pages come when they are touched.
  void useHugePages(HEAPU8, Math.min(USED, HEAPU8.length)).catch(() => false);
}
