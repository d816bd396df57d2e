// The libraries that only the benchmarks use: `npm run bench` installs them from benchmarks/package.json. One that is
// missing or does not load on this host is left out, with a line that says so.

import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Undefined where the package is not there or does not load. */
export async function peer(name) {
  try {
    return await import(name);
  } catch (error) {
    console.warn(`${name} is left out: ${error.message.split('\n')[0]}`);
    return undefined;
  }
}

/** TensorFlow.js on its WebAssembly backend, which has one thread under Node. */
export async function tensorflowWasm() {
  const tf = await import('@tensorflow/tfjs-core');
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // The package's entry lies beside its .wasm files.
  const entry = fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm'));
  setWasmPaths(dirname(entry) + sep);
  if (!(await tf.setBackend('wasm'))) throw new Error('the WASM backend did not start');
  await tf.ready();
  return tf;
}
