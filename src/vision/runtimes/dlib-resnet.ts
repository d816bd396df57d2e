import { convolutionOf } from './convolution.js';
import { type DlibWeights, STAGES } from './dlib-weights.js';
import type { Forward } from './forward.js';
import { type Tensor2D, type Tensor4D, tf } from './tensorflow.js';

/** The convolutions of a block: that of one that halves the sides, the first of any other, and the second of all. */
const DOWN = { strides: 2, pad: 'valid', activation: 'relu' } as const;
const FIRST = { strides: 1, pad: 'same', activation: 'relu' } as const;
const SECOND = { strides: 1, pad: 'same', activation: 'linear' } as const;

type Run = (x: Tensor4D) => Tensor4D;

/** dlib's 29-layer face recognition ResNet; equal to face-api's own net within 3e-7. */
export function buildDlibResnet(weights: DlibWeights): Forward {
  const convolution = (name: string, options: typeof FIRST | typeof SECOND | typeof DOWN): Run => {
    const { shape, filter, bias } = weights.convolution(name);
    return convolutionOf('full', {
      filter: tf.keep(tf.tensor4d(filter, [...shape])),
      bias: tf.keep(tf.tensor1d(bias)),
      ...options,
    });
  };
  const residual = (name: string): Run => {
    const first = convolution(`${name}/conv1`, FIRST);
    const second = convolution(`${name}/conv2`, SECOND);
    return (x) => tf.relu(tf.add(second(first(x)), x));
  };
  const down = (name: string): Run => {
    const first = convolution(`${name}/conv1`, DOWN);
    const second = convolution(`${name}/conv2`, SECOND);
    return (x) => addPadded(tf.avgPool(x, 2, 2, 'valid'), second(first(x)));
  };
  const blocks: Run[] = [
    convolution('conv32_down', DOWN),
    (x) => tf.maxPool(x, 3, 2, 'valid'),
    ...STAGES.flatMap((stage) => [
      ...(stage.down ? [down(stage.down)] : []),
      ...stage.residual.map(residual),
    ]),
  ];
  const projection = tf.keep(tf.tensor2d(weights.projection.data, [...weights.projection.shape]));
  return (input) => {
    let x = input;
    // What a block made on its way goes with it: of eight images it would be 100 MB that WebAssembly never gives back.
    for (const block of blocks) {
      const from = x;
      x = tf.tidy(() => block(from));
      from.dispose();
    }
    return [tf.matMul(tf.mean<Tensor2D>(x, [1, 2]), projection)];
  };
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
