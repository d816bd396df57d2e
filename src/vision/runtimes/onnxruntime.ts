import { OperatorError } from '../../errors.js';
import type { ModelFiles } from '../models.js';
import { checkedNet } from './checked-net.js';
import { cachedOnnx, ONNX_INPUT, onnxOutput } from './onnx/export.js';
import { BATCH, NEVER, type Net, RUNTIMES, type Runtime, type RuntimeName } from './runtime.js';

/** What we use of the package onnxruntime-node; it is optional, so its types are not at hand. */
interface Ort {
  InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => object;
  listSupportedBackends?(): readonly { name: string }[];
}
interface Session {
  run(feeds: Readonly<Record<string, object>>): Promise<Record<string, { data: Float32Array }>>;
}

/** The execution providers we know how to use. */
const PROVIDERS = {
  onnxruntime: { provider: 'cpu', device: 'one CPU thread' },
  'onnxruntime-cuda': { provider: 'cuda', device: 'CUDA GPU' },
  'onnxruntime-webgpu': { provider: 'webgpu', device: 'GPU through WebGPU' },
} as const;

/** What to look at when a session does not start. */
const REMEDIES: Readonly<Record<keyof typeof PROVIDERS, string>> = {
  onnxruntime: 'install onnxruntime-node again',
  'onnxruntime-cuda':
    'it needs CUDA 12, cuDNN 9 and the provider that the install script of onnxruntime-node fetches',
  'onnxruntime-webgpu': 'it needs a Vulkan, Metal or D3D12 driver',
};

/** A runtime that is ONNX Runtime with one of its execution providers. */
export type OnnxRuntimeName = keyof typeof PROVIDERS & RuntimeName;

/**
 * ONNX Runtime with one execution provider, where the optional package onnxruntime-node is installed. The nets
 * are our own exports of the same weights.
 *
 * @param cacheDirectory where the exports are kept; undefined: they are made again at each start.
 * @throws when the package is absent or was built without the provider.
 */
export async function startOnnxruntime(
  name: OnnxRuntimeName,
  cacheDirectory: string | undefined,
): Promise<Runtime> {
  // A variable, so that the compiler does not look for a package that need not be there.
  const ortPackage = 'onnxruntime-node';
  const loaded = (await import(ortPackage)) as Ort & { default?: Ort };
  const ort = loaded.default ?? loaded;
  const { provider, device } = PROVIDERS[name];
  const built = ort.listSupportedBackends?.().map((backend) => backend.name);
  if (built && !built.includes(provider))
    throw new Error(`onnxruntime-node has ${built.join(', ')} here, not ${provider}`);
  return {
    name,
    device,
    lost: NEVER,
    load: async (model) => netOf(ort, name, model, await cachedOnnx(model, cacheDirectory)),
    // Its values are freed with the JavaScript objects that hold them.
    tensors: () => 0,
  };
}

async function netOf(
  ort: Ort,
  name: OnnxRuntimeName,
  { card }: ModelFiles,
  onnx: Uint8Array,
): Promise<Net> {
  const session = await ort.InferenceSession.create(onnx, {
    executionProviders: [PROVIDERS[name].provider],
    // One worker a core: threads of their own would only contend.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Errors reach us as exceptions; warnings about node placement are not for operators.
    logSeverityLevel: 3,
  }).catch((cause: unknown) => {
    throw new OperatorError(`runtime ${name} cannot be used: ${String(cause)}; ${REMEDIES[name]}`, {
      cause,
    });
  });
  const { size } = card.input;
  const most = RUNTIMES[name].uses === 'gpu' ? BATCH.gpu : BATCH.cpu;
  return checkedNet(card, most, async (pixels, batch) => {
    const feed = new ort.Tensor('float32', pixels, [batch, size, size, 3]);
    const results = await session.run({ [ONNX_INPUT]: feed });
    return card.outputs.map((_, index) => results[onnxOutput(index)]!.data);
  });
}
