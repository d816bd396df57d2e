import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { OperatorError } from '../../errors.js';
import type { CardInput, ModelCard } from '../cards.js';
import type { ModelFiles } from '../models.js';
import { buildDlibResnet } from './dlib-resnet.js';
import type { Forward } from './forward.js';
import type { Net, Runtime, RuntimeName } from './runtime.js';

/** Nets whose carrier ships weights without a graph, by the card's `architecture`. */
const ARCHITECTURES: Readonly<Record<string, (weights: tf.NamedTensorMap) => Forward>> = {
  'dlib-resnet-29': buildDlibResnet,
};

/**
 * A runtime on whichever TensorFlow.js backend this thread has set. The engine and its kernels are one per
 * thread, so this code serves every backend.
 */
export function tfjsRuntime(name: RuntimeName): Runtime {
  tf.enableProdMode();
  return {
    name,
    load: async (model) => new TfjsNet(model.card, await forwardOf(model)),
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
  const manifest = JSON.parse(text(model.file('manifest'))) as tf.io.WeightsManifestConfig;
  // decodeWeights also undoes the 8-bit quantisation.
  return build(
    tf.io.decodeWeights(
      arrayBuffer(model.file('weights')),
      manifest.flatMap((group) => group.weights),
    ),
  );
}

interface GraphFile {
  modelTopology: {};
  format: string;
  generatedBy: string;
  convertedBy: string;
  signature?: {};
  userDefinedMetadata?: {};
  weightsManifest: tf.io.WeightsManifestConfig;
}

async function graphForward(model: ModelFiles): Promise<Forward> {
  const file = JSON.parse(text(model.file('topology'))) as GraphFile;
  const graph = await loadGraphModel({
    load: async () => ({
      modelTopology: file.modelTopology,
      format: file.format,
      generatedBy: file.generatedBy,
      convertedBy: file.convertedBy,
      ...(file.signature && { signature: file.signature }),
      ...(file.userDefinedMetadata && { userDefinedMetadata: file.userDefinedMetadata }),
      weightSpecs: file.weightsManifest.flatMap((group) => group.weights),
      weightData: arrayBuffer(model.file('weights')),
    }),
  });
  const names = model.card.outputs.map((output) => output.name);
  return (input) => [graph.execute(input, names)].flat();
}

class TfjsNet implements Net {
  readonly #card: ModelCard;
  readonly #forward: Forward;
  readonly #mean: tf.Tensor1D;

  constructor(card: ModelCard, forward: Forward) {
    this.#card = card;
    this.#forward = forward;
    this.#mean = tf.keep(tf.tensor1d([...card.input.mean]));
  }

  async run(pixels: Float32Array, batch: number): Promise<Float32Array[]> {
    const { input, outputs, name } = this.#card;
    if (batch < 1 || batch > input.maxBatch)
      throw new RangeError(`${name} takes 1 to ${input.maxBatch} images a run, got ${batch}`);
    const tensors = tf.tidy(() => this.#forward(this.#prepare(input, pixels, batch)));
    try {
      // Always asynchronous: a GPU backend must not block the thread.
      const values = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
      for (const [index, output] of outputs.entries())
        if (values[index]?.length !== batch * output.length)
          throw new OperatorError(
            `model ${name} gave ${values[index]?.length} numbers for ${output.name}, its card says ${batch * output.length}`,
          );
      return values;
    } finally {
      tf.dispose(tensors);
    }
  }

  #prepare(input: CardInput, pixels: Float32Array, batch: number): tf.Tensor4D {
    const rgb = tf.tensor4d(pixels, [batch, input.size, input.size, 3]);
    const ordered = input.order === 'RGB' ? rgb : tf.reverse(rgb, 3);
    return tf.div(tf.sub(ordered, this.#mean), input.divisor);
  }
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

/** A copy: a Node buffer may be a window into a larger one. */
const arrayBuffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
