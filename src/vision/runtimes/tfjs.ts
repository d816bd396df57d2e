import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { OperatorError } from '../../errors.js';
import type { ModelCard } from '../cards.js';
import type { ModelFiles } from '../models.js';
import { checkedNet } from './checked-net.js';
import { buildDlibResnet } from './dlib-resnet.js';
import { dlibWeights } from './dlib-weights.js';
import type { Forward } from './forward.js';
import { readGraph } from './graph-file.js';
import {
  BATCH,
  NEVER,
  type NetShape,
  RUNTIMES,
  type Runtime,
  type RuntimeName,
} from './runtime.js';

/** Nets whose carrier ships weights without a graph, by the card's `architecture`. */
const ARCHITECTURES: Readonly<Record<string, (model: ModelFiles) => Forward>> = {
  'dlib-resnet-29': (model) => buildDlibResnet(dlibWeights(model)),
};

/**
 * A runtime on whichever TensorFlow.js backend this thread has set. The engine and its kernels are one per
 * thread, so this code serves every backend.
 */
export function tfjsRuntime(name: RuntimeName, device: string, lost = NEVER): Runtime {
  tf.enableProdMode();
  const most = RUNTIMES[name].uses === 'gpu' ? BATCH.gpu : BATCH.cpu;
  return {
    name,
    device,
    lost,
    load: async (model) => netOf(model.card, most, await forwardOf(model)),
    inspect: async (model) => shapeOf((await openGraph(model)).graph),
    measure: async (model) => {
      const { size } = model.card.input;
      const forward = await graphForward(model);
      const outputs = tf.tidy(() => forward(inputOf(model.card)(grey(size), 1)));
      tf.dispose(outputs);
      return outputs.map((output) => output.size);
    },
    tensors: () => tf.memory().numTensors,
  };
}

async function forwardOf(model: ModelFiles): Promise<Forward> {
  const { card } = model;
  if (card.format === 'tfjs-graph') return graphForward(model);
  if (card.format === 'onnx')
    throw new OperatorError(
      `model ${card.name} is an ONNX file, which only ONNX Runtime runs: set LIKENESS_RUNTIME to auto or onnxruntime`,
    );
  const build = ARCHITECTURES[card.architecture ?? ''];
  if (!build)
    throw new OperatorError(
      `model ${card.name}: unknown architecture ${card.architecture}, expected one of ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  return build(model);
}

async function graphForward(model: ModelFiles): Promise<Forward> {
  const { graph } = await openGraph(model);
  const names = model.card.outputs.map((output) => output.name);
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

async function openGraph(model: ModelFiles): Promise<{ graph: GraphModel }> {
  const { file, weights } = readGraph(model);
  const graph = await loadGraphModel({
    load: async () => ({
      modelTopology: file.modelTopology,
      format: file.format,
      generatedBy: file.generatedBy,
      convertedBy: file.convertedBy,
      ...(file.signature && { signature: file.signature }),
      ...(file.userDefinedMetadata && { userDefinedMetadata: file.userDefinedMetadata }),
      weightSpecs: (file.weightsManifest as tf.io.WeightsManifestConfig).flatMap(
        (group) => group.weights,
      ),
      weightData: weights.buffer as ArrayBuffer,
    }),
  });
  return { graph };
}

/** Makes what the net wants of pixels, inside `tf.tidy`. */
function inputOf(card: ModelCard): (pixels: Float32Array, batch: number) => tf.Tensor4D {
  const { size, order, mean, divisor, layout } = card.input;
  const meanTensor = tf.keep(tf.tensor1d([...mean]));
  return (pixels, batch) => {
    const rgb = tf.tensor4d(pixels, [batch, size, size, 3]);
    const ordered = order === 'RGB' ? rgb : tf.reverse(rgb, 3);
    const scaled = tf.div<tf.Tensor4D>(tf.sub(ordered, meanTensor), divisor);
    return layout === 'NCHW' ? tf.transpose(scaled, [0, 3, 1, 2]) : scaled;
  };
}

function netOf(card: ModelCard, most: number, forward: Forward) {
  const prepare = inputOf(card);
  return checkedNet(card, most, async (pixels, batch) => {
    const tensors = tf.tidy(() => forward(prepare(pixels, batch)));
    try {
      // Always asynchronous: a GPU backend must not block the thread.
      return await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
    } finally {
      tf.dispose(tensors);
    }
  });
}
