import { beforeAll, describe, expect, it } from 'vitest';
import { convolutionOf } from '../../src/vision/runtimes/convolution.js';
import { startRuntime } from '../../src/vision/runtimes/start.js';
import { type Tensor4D, tf } from '../../src/vision/runtimes/tensorflow.js';

beforeAll(() => startRuntime('tfjs-wasm'));

const numbers = (...shape: [number, number, number, number]): Tensor4D =>
  tf.randomNormal(shape, 0, 1, 'float32', 7);

/** Of 4 channels, with a bias and slopes below zero. */
function options(kind: 'full' | 'depthwise') {
  const outputs = kind === 'full' ? 5 : 4;
  return {
    filter: numbers(3, 3, 4, kind === 'full' ? 5 : 1),
    bias: tf.linspace(-1, 1, outputs),
    preluActivationWeights: tf.linspace(0, 1, outputs),
    strides: 2,
    pad: 'same',
    activation: 'prelu',
  } as const;
}

describe.each(['full', 'depthwise'] as const)('a %s convolution', (kind) => {
  it('gives the numbers of TensorFlow.js at every run and for every shape', () => {
    const fixed = options(kind);
    const run = convolutionOf(kind, fixed);
    const reference = kind === 'full' ? tf.fused.conv2d : tf.fused.depthwiseConv2d;
    const shapes: [number, number, number, number][] = [
      [1, 9, 9, 4],
      [1, 9, 9, 4],
      [3, 9, 9, 4],
      [1, 6, 9, 4],
      [1, 6, 9, 4],
    ];
    for (const shape of shapes) {
      const x = numbers(...shape);
      const [found, expected] = [run(x), reference({ x, ...fixed })];
      expect(found.shape).toEqual(expected.shape);
      expect([...found.dataSync()]).toEqual([...expected.dataSync()]);
    }
  });

  it('refuses an image of other channels, also after one that fits', () => {
    const run = convolutionOf(kind, options(kind));
    expect(() => run(numbers(1, 9, 9, 3))).toThrow(/channels|depth/);
    run(numbers(1, 9, 9, 4));
    expect(() => run(numbers(1, 9, 9, 3))).toThrow(/channels|depth/);
  });
});
