import type { Runtime } from './runtime.js';
import { tf } from './tensorflow.js';
import { tfjsRuntime } from './tfjs.js';

/** What we use of the packages `webgpu` and @tensorflow/tfjs-backend-webgpu; they are optional, so are their types. */
interface Dawn {
  create: (options: readonly string[]) => Gpu;
  globals: object;
}
interface Gpu {
  requestAdapter(options?: object): Promise<Adapter | null>;
}
interface Adapter {
  info: { vendor: string; architecture: string; description: string; isFallbackAdapter?: boolean };
  requestDevice(descriptor?: { requiredFeatures?: Iterable<unknown> }): Promise<unknown>;
}
interface WebGpuBackend {
  device: { lost: Promise<{ reason?: string; message?: string }> };
}

/**
 * Any GPU with a Vulkan, Metal or D3D12 driver, through Dawn (npm `webgpu`); no CUDA.
 *
 * @throws when a package is absent or no driver offers an adapter that Dawn accepts.
 */
export async function startTfjsWebgpu(): Promise<Runtime> {
  const adapter = await offerGpu();
  // The backend looks for navigator.gpu when it is imported. A variable: the package need not be there.
  const backendPackage = '@tensorflow/tfjs-backend-webgpu';
  await import(backendPackage);
  if (!(await tf.setBackend('webgpu'))) throw new Error('the WebGPU backend did not start');
  await tf.ready();
  const { device } = tf.backend() as unknown as WebGpuBackend;
  const lost = device.lost.then(
    ({ reason, message }) => `the GPU was lost (${reason ?? 'unknown'}): ${message ?? ''}`,
  );
  return tfjsRuntime('tfjs-webgpu', nameOf(adapter), lost);
}

/** Makes Dawn's GPU what `navigator.gpu` is in a browser, and asks whether there is an adapter behind it. */
async function offerGpu(): Promise<Adapter> {
  const dawnPackage = 'webgpu';
  const { create, globals } = (await import(dawnPackage)) as Dawn;
  Object.assign(globalThis, globals);
  // Devices live as long as the object they came from: from here on navigator holds it.
  const gpu = flattening(create([]));
  // Node 20 has no navigator, later ones have one that is not ours to replace.
  if (!('navigator' in globalThis))
    Object.defineProperty(globalThis, 'navigator', {
      value: { userAgent: 'node' },
      configurable: true,
    });
  Object.defineProperty((globalThis as unknown as { navigator: object }).navigator, 'gpu', {
    value: gpu,
    configurable: true,
  });
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter)
    throw new Error(
      'no usable GPU: no Vulkan, Metal or D3D12 driver offers what WebGPU needs (on Linux the Vulkan loader libvulkan1 must be installed too)',
    );
  return adapter;
}

/** tfjs 4.22 asks for features as a list inside the list, which Dawn refuses where the GPU has them. */
function flattening(dawn: Gpu): Gpu {
  const requestAdapter = dawn.requestAdapter.bind(dawn);
  dawn.requestAdapter = async (options) => {
    const adapter = await requestAdapter(options);
    if (!adapter) return adapter;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = ({ requiredFeatures = [], ...descriptor } = {}) =>
      requestDevice({ ...descriptor, requiredFeatures: [...requiredFeatures].flat() });
    return adapter;
  };
  return dawn;
}

/** Software adapters say so: they are for tests. */
const nameOf = ({ info }: Adapter): string =>
  `${[info.vendor, info.architecture, info.description].filter(Boolean).join(' ')}${info.isFallbackAdapter ? ' (software)' : ''}`;
