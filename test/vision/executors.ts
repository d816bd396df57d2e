import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import type { GraphFile } from '../../src/vision/runtimes/graph-file.js';
import { graphForward } from '../../src/vision/runtimes/graph-forward.js';

/** A graph with the bytes of its weights. */
export interface ReadGraph {
  file: GraphFile;
  weights: Uint8Array;
}

/** By how much our executor's numbers are off those of TensorFlow.js's own, at the most. */
export async function deviation(
  { file, weights }: ReadGraph,
  results: readonly string[],
  images: tf.Tensor4D,
): Promise<number> {
  const weightSpecs = (file.weightsManifest as tf.io.WeightsManifestConfig).flatMap(
    (group) => group.weights,
  );
  const graph = await loadGraphModel({
    load: async () => ({ ...file, weightSpecs, weightData: weights.buffer as ArrayBuffer }),
  });
  const expected = [graph.execute(images, [...results])].flat();
  const found = tf.tidy(() => graphForward(file, weights, results)!(images.clone()));
  return Math.max(
    ...expected.map((each, at) => tf.max(tf.abs(tf.sub(each, found[at]!))).dataSync()[0]!),
  );
}
