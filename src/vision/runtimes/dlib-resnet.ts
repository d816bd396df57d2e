import * as tf from '@tensorflow/tfjs-core';
import { type DlibWeights, STAGES } from './dlib-weights.js';
import type { Forward } from './forward.js';

interface ConvolutionOptions {
  strides: number;
  pad: 'same' | 'valid';
  activation: 'relu' | 'linear';
}

/** dlib's 29-layer face recognition ResNet; equal to face-api's own net within 3e-7. */
export function buildDlibResnet(weights: DlibWeights): Forward {
  const tensors = new Map<string, { filter: tf.Tensor4D; bias: tf.Tensor1D }>();
  const run = (name: string, x: tf.Tensor4D, options: ConvolutionOptions): tf.Tensor4D =>
    tf.fused.conv2d({ x, ...tensors.get(name)!, ...options });
  const residual = (x: tf.Tensor4D, name: string): tf.Tensor4D => {
    const first = run(`${name}/conv1`, x, { strides: 1, pad: 'same', activation: 'relu' });
    const second = run(`${name}/conv2`, first, { strides: 1, pad: 'same', activation: 'linear' });
    return tf.relu(tf.add(second, x));
  };
  const down = (x: tf.Tensor4D, name: string): tf.Tensor4D => {
    const first = run(`${name}/conv1`, x, { strides: 2, pad: 'valid', activation: 'relu' });
    const second = run(`${name}/conv2`, first, { strides: 1, pad: 'same', activation: 'linear' });
    return addPadded(tf.avgPool(x, 2, 2, 'valid'), second);
  };
  for (const name of layerNames()) {
    const { shape, filter, bias } = weights.convolution(name);
    tensors.set(name, {
      filter: tf.keep(tf.tensor4d(filter, [...shape])),
      bias: tf.keep(tf.tensor1d(bias)),
    });
  }
  const projection = tf.keep(tf.tensor2d(weights.projection.data, [...weights.projection.shape]));
  return (input) => {
    let x = run('conv32_down', input, { strides: 2, pad: 'valid', activation: 'relu' });
    x = tf.maxPool(x, 3, 2, 'valid');
    for (const stage of STAGES) {
      if (stage.down) x = down(x, stage.down);
      for (const name of stage.residual) x = residual(x, name);
    }
    return [tf.matMul(tf.mean<tf.Tensor2D>(x, [1, 2]), projection)];
  };
}

/** The name of every convolution. */
function layerNames(): string[] {
  const blocks = STAGES.flatMap(({ down, residual }) => (down ? [down, ...residual] : residual));
  return ['conv32_down', ...blocks.flatMap((block) => [`${block}/conv1`, `${block}/conv2`])];
}

/** dlib adds a pooled shortcut of fewer channels and, by rounding, one more row and column: missing parts are 0. */
function addPadded(shortcut: tf.Tensor4D, main: tf.Tensor4D): tf.Tensor4D {
  const rows = shortcut.shape[1] - main.shape[1];
  const columns = shortcut.shape[2] - main.shape[2];
  const channels = main.shape[3] - shortcut.shape[3];
  const padded = tf.pad4d(main, [
    [0, 0],
    [0, rows],
    [0, columns],
    [0, 0],
  ]);
  const widened = tf.pad4d(shortcut, [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, channels],
  ]);
  return tf.relu(tf.add(padded, widened));
}
