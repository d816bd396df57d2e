import { OperatorError } from '../../errors.js';
import type { ModelCard } from '../cards.js';
import type { ModelFiles } from '../models.js';
import { checkedNet, type RawRun } from './checked-net.js';
import { toInput } from './input.js';
import { cachedOnnx, ONNX_INPUT, onnxOutput } from './onnx/export.js';
import { NEVER, type Net, type NetShape, type Runtime, type RuntimeName } from './runtime.js';

/** What we use of the package onnxruntime-node; it is optional, so its types are not at hand. */
interface Ort {
  InferenceSession: {
    create(model: Uint8Array, options: object): Promise<Session>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => object;
  listSupportedBackends?(): readonly { name: string }[];
}
interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Absent in older versions. */
  readonly inputMetadata?: readonly { name: string; shape?: readonly (number | string)[] }[];
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
    load: async (model) =>
      model.card.format === 'onnx'
        ? ownNetOf(ort, name, model)
        : netOf(ort, name, model, await cachedOnnx(model, cacheDirectory)),
    inspect: async (model) => shapeOf(await openOwn(ort, name, model)),
    measure: async (model) => {
      const run = ownRun(ort, await openOwn(ort, name, model), model.card);
      const { size } = model.card.input;
      const outputs = await run(new Float32Array(size * size * 3).fill(128), 1);
      return outputs.map(({ length }) => length);
    },
    // Its values are freed with the JavaScript objects that hold them.
    tensors: () => 0,
  };
}

/** Our own export: it takes pixels as they are. */
async function netOf(
  ort: Ort,
  name: OnnxRuntimeName,
  { card }: ModelFiles,
  onnx: Uint8Array,
): Promise<Net> {
  const session = await openSession(ort, name, onnx).catch((cause: unknown) => {
    throw new OperatorError(`runtime ${name} cannot be used: ${String(cause)}; ${REMEDIES[name]}`, {
      cause,
    });
  });
  const { size } = card.input;
  return checkedNet(name, card, async (pixels, batch) => {
    const feed = new ort.Tensor('float32', pixels, [batch, size, size, 3]);
    const results = await session.run({ [ONNX_INPUT]: feed });
    return card.outputs.map((_, index) => results[onnxOutput(index)]!.data);
  });
}

/** An operator's ONNX file: the card says what it wants. */
async function ownNetOf(ort: Ort, name: OnnxRuntimeName, model: ModelFiles): Promise<Net> {
  const session = await openOwn(ort, name, model);
  return checkedNet(name, model.card, ownRun(ort, session, model.card));
}

const openOwn = (ort: Ort, name: OnnxRuntimeName, model: ModelFiles): Promise<Session> =>
  openSession(ort, name, model.file('onnx')).catch((cause: unknown) => {
    const [reason] = String(cause).split('\n', 1);
    throw new OperatorError(`model ${model.card.name}: its ONNX file cannot be loaded: ${reason}`, {
      cause,
    });
  });

function ownRun(ort: Ort, session: Session, card: ModelCard): RawRun {
  const { size, layout = 'NHWC' } = card.input;
  const input = chosen(card.name, 'input', session.inputNames, card.input.node);
  const outputs = card.outputs.map((output) =>
    chosen(card.name, 'output', session.outputNames, output.name),
  );
  const sides = layout === 'NCHW' ? [3, size, size] : [size, size, 3];
  return async (pixels, batch) => {
    const feed = new ort.Tensor('float32', toInput(pixels, card.input), [batch, ...sides]);
    const results = await session.run({ [input]: feed });
    return outputs.map((output) => results[output]!.data);
  };
}

const shapeOf = ({ inputNames, outputNames, inputMetadata = [] }: Session): NetShape => ({
  inputs: inputNames.map((name) => ({
    name,
    shape: (inputMetadata.find((input) => input.name === name)?.shape ?? []).map((side) =>
      typeof side === 'number' && side > 0 ? side : undefined,
    ),
  })),
  outputs: outputNames,
});

/** The wanted name if the model has it, or its only one where none is wanted. */
function chosen(
  model: string,
  what: 'input' | 'output',
  names: readonly string[],
  wanted: string | undefined,
): string {
  const found = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (found === undefined || !names.includes(found))
    throw new OperatorError(
      `model ${model} has the ${what}s ${names.join(', ')}${wanted === undefined ? ': say which one is meant' : `, not ${wanted}`}`,
    );
  return found;
}

const openSession = (ort: Ort, name: OnnxRuntimeName, onnx: Uint8Array): Promise<Session> =>
  ort.InferenceSession.create(onnx, {
    executionProviders: [PROVIDERS[name].provider],
    // One worker a core: threads of their own would only contend.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Errors reach us as exceptions; warnings about node placement are not for operators.
    logSeverityLevel: 3,
  });
