import { type DlibWeights, STAGES } from './dlib-weights.js';
import type { Forward } from './forward.js';
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from './tensorflow.js';

interface ConvolutionOptions {
  strides: number;
  pad: 'same' | 'valid';
  activation: 'relu' | 'linear';
}

/** dlib's 29-layer face recognition ResNet; equal to face-api's own net within 3e-7. */
export function buildDlibResnet(weights: DlibWeights): Forward {
  const tensors = new Map<string, { filter: Tensor4D; bias: Tensor1D }>();
  const run = (name: string, x: Tensor4D, options: ConvolutionOptions): Tensor4D =>
    tf.fused.conv2d({ x, ...tensors.get(name)!, ...options });
  const residual = (x: Tensor4D, name: string): Tensor4D => {
    const first = run(`${name}/conv1`, x, { strides: 1, pad: 'same', activation: 'relu' });
    const second = run(`${name}/conv2`, first, { strides: 1, pad: 'same', activation: 'linear' });
    return tf.relu(tf.add(second, x));
  };
  const down = (x: Tensor4D, name: string): Tensor4D => {
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
    let x = input;
    // What a block made on its way goes with it: of eight images it would be 100 MB that WebAssembly never gives back.
    const next = (block: (from: Tensor4D) => Tensor4D): void => {
      const from = x;
      x = tf.tidy(() => block(from));
      from.dispose();
    };
    next((from) => run('conv32_down', from, { strides: 2, pad: 'valid', activation: 'relu' }));
    next((from) => tf.maxPool(from, 3, 2, 'valid'));
    for (const { down: name, residual: names } of STAGES) {
      if (name) next((from) => down(from, name));
      for (const each of names) next((from) => residual(from, each));
    }
    return [tf.matMul(tf.mean<Tensor2D>(x, [1, 2]), projection)];
  };
}

/** The name of every convolution. */
function layerNames(): string[] {
  const blocks = STAGES.flatMap(({ down, residual }) => (down ? [down, ...residual] : residual));
  return ['conv32_down', ...blocks.flatMap((block) => [`${block}/conv1`, `${block}/conv2`])];
}

/** dlib adds a pooled shortcut of fewer channels and, by rounding, one more row and column: missing parts are 0. */
function addPadded(shortcut: Tensor4D, main: Tensor4D): Tensor4D {
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
