import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { OperatorError } from '../../errors.js';
import type { ModelCard } from '../cards.js';
import type { ModelFiles } from '../models.js';
import { checkedNet } from './checked-net.js';
import { buildDlibResnet } from './dlib-resnet.js';
import { dlibWeights } from './dlib-weights.js';
import type { Forward } from './forward.js';
import { readGraph } from './graph-file.js';
import { BATCH, NEVER, RUNTIMES, type Runtime, type RuntimeName } from './runtime.js';

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
    tensors: () => tf.memory().numTensors,
  };
}

async function forwardOf(model: ModelFiles): Promise<Forward> {
  const { card } = model;
  if (card.format === 'tfjs-graph') return graphForward(model);
  const build = ARCHITECTURES[card.architecture ?? ''];
  if (!build)
    throw new OperatorError(
      `model ${card.name}: unknown architecture ${card.architecture}, expected one of ${Object.keys(ARCHITECTURES).join(', ')}`,
    );
  return build(model);
}

async function graphForward(model: ModelFiles): Promise<Forward> {
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
  const names = model.card.outputs.map((output) => output.name);
  return (input) => [graph.execute(input, names)].flat();
}

function netOf(card: ModelCard, most: number, forward: Forward) {
  const { size, order, mean, divisor } = card.input;
  const meanTensor = tf.keep(tf.tensor1d([...mean]));
  const prepare = (pixels: Float32Array, batch: number): tf.Tensor4D => {
    const rgb = tf.tensor4d(pixels, [batch, size, size, 3]);
    const ordered = order === 'RGB' ? rgb : tf.reverse(rgb, 3);
    return tf.div(tf.sub(ordered, meanTensor), divisor);
  };
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
