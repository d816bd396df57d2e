import type { GraphModel } from '@tensorflow/tfjs-converter';
import type { io } from '@tensorflow/tfjs-core';
import { OperatorError } from '../../errors.js';
import type { CardInput, ModelCard } from '../cards.js';
import type { ModelFiles } from '../models.js';
import { checkedNet } from './checked-net.js';
import { buildDlibResnet } from './dlib-resnet.js';
import { dlibWeights } from './dlib-weights.js';
import type { Forward } from './forward.js';
import { type GraphFile, readGraph } from './graph-file.js';
import { graphForward } from './graph-forward.js';
import { toInput } from './input.js';
import { NEVER, type NetShape, RUNTIMES, type Runtime, type RuntimeName } from './runtime.js';
import { type Tensor4D, tf } from './tensorflow.js';

/** Nets whose carrier ships weights without a graph, by the card's `architecture`. */
const ARCHITECTURES: Readonly<Record<string, (model: ModelFiles, areCopied: boolean) => Forward>> =
  {
    'dlib-resnet-29': (model, areCopied) => buildDlibResnet(dlibWeights(model, areCopied)),
  };

/** The backend that copies what a tensor is made of at once; others may keep it until it is needed. */
const COPIES: RuntimeName = 'tfjs-wasm';

/**
 * A runtime on whichever TensorFlow.js backend this thread has set. The engine and its kernels are one per
 * thread, so this code serves every backend.
 */
export function tfjsRuntime(name: RuntimeName, device: string, lost = NEVER): Runtime {
  tf.enableProdMode();
  return {
    name,
    device,
    lost,
    load: async (model) => netOf(name, model.card, await forwardOf(name, model)),
    inspect: async (model) => {
      const { file, weights } = readGraph(model);
      return shapeOf(await openGraph(file, weights));
    },
    measure: async (model) => {
      const { size } = model.card.input;
      const forward = await forwardOf(name, model);
      const outputs = tf.tidy(() => forward(inputOf(name, model.card)(grey(size), 1)));
      tf.dispose(outputs);
      return outputs.map((output) => output.size);
    },
    tensors: () => tf.memory().numTensors,
  };
}

async function forwardOf(name: RuntimeName, model: ModelFiles): Promise<Forward> {
  const { card } = model;
  if (card.format === 'tfjs-graph') return forwardOfGraph(model);
  if (card.format === 'onnx')
    throw new OperatorError(
      `model ${card.name} is an ONNX file, which only ONNX Runtime runs: set LIKENESS_RUNTIME to auto or onnxruntime`,
    );
  const build = ARCHITECTURES[card.architecture ?? ''];
  if (!build)
    throw new OperatorError(
      `model ${card.name}: unknown architecture ${card.architecture}, expected one of ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  return build(model, name === COPIES);
}

/** By TensorFlow.js's own executor where ours does not know an operation. */
async function forwardOfGraph(model: ModelFiles): Promise<Forward> {
  const { file, weights } = readGraph(model);
  const names = model.card.outputs.map((output) => output.name);
  const forward = graphForward(file, weights, names);
  if (forward) return forward;
  const graph = await openGraph(file, weights);
  return (input) => [graph.execute(input, names)].flat();
}

/** One grey image. */
const grey = (size: number): Float32Array => new Float32Array(size * size * 3).fill(128);

const shapeOf = ({ inputs, outputs }: GraphModel): NetShape => ({
  inputs: inputs.map(({ name, shape }) => ({
    name,
    shape: (shape ?? []).map((side) => (side > 0 ? side : undefined)),
  })),
  outputs: outputs.map(({ name }) => name),
});

async function openGraph(file: GraphFile, weights: Uint8Array): Promise<GraphModel> {
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
  return loadGraphModel({
    load: async () => ({
      modelTopology: file.modelTopology,
      format: file.format,
      generatedBy: file.generatedBy,
      convertedBy: file.convertedBy,
      ...(file.signature && { signature: file.signature }),
      ...(file.userDefinedMetadata && { userDefinedMetadata: file.userDefinedMetadata }),
      weightSpecs: (file.weightsManifest as io.WeightsManifestConfig).flatMap(
        (group) => group.weights,
      ),
      weightData: weights.buffer as ArrayBuffer,
    }),
  });
}

type MakeInput = (pixels: Float32Array, batch: number) => Tensor4D;

/** Makes what the net wants of pixels, inside `tf.tidy`. */
const inputOf = (name: RuntimeName, { input }: ModelCard): MakeInput =>
  RUNTIMES[name].uses === 'gpu' ? inputOnDevice(input) : inputHere(input);

/** In one pass, where a CPU backend needs one for each operation and is slow at a mean for each channel. */
function inputHere(input: CardInput): MakeInput {
  const { size, layout } = input;
  const sides = layout === 'NCHW' ? ([3, size, size] as const) : ([size, size, 3] as const);
  return (pixels, batch) => tf.tensor4d(toInput(pixels, input), [batch, ...sides]);
}

/** The thread that feeds a GPU has the least time of all. */
function inputOnDevice({ size, order, mean, divisor, layout }: CardInput): MakeInput {
  const meanTensor = tf.keep(tf.tensor1d([...mean]));
  return (pixels, batch) => {
    const rgb = tf.tensor4d(pixels, [batch, size, size, 3]);
    const ordered = order === 'RGB' ? rgb : tf.reverse(rgb, 3);
    const scaled = tf.div<Tensor4D>(tf.sub(ordered, meanTensor), divisor);
    return layout === 'NCHW' ? tf.transpose(scaled, [0, 3, 1, 2]) : scaled;
  };
}

function netOf(name: RuntimeName, card: ModelCard, forward: Forward) {
  const prepare = inputOf(name, card);
  return checkedNet(name, card, async (pixels, batch) => {
    const tensors = tf.tidy(() => forward(prepare(pixels, batch)));
    try {
      // Always asynchronous: a GPU backend must not block the thread.
      return await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
    } finally {
      tf.dispose(tensors);
    }
  });
}
