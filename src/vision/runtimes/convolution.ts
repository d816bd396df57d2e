import { type Tensor, type Tensor1D, type Tensor4D, tf } from './tensorflow.js';

/** TensorFlow.js's kernels of a convolution with all that is fused into it, and the operations that check their inputs. */
const KERNELS = {
  full: { kernel: 'FusedConv2D', checked: tf.fused.conv2d },
  depthwise: { kernel: 'FusedDepthwiseConv2D', checked: tf.fused.depthwiseConv2d },
} as const;

/** What is the same at every run of a convolution. */
export interface ConvolutionOptions {
  /** height × width × in × out. */
  filter: Tensor4D;
  bias?: Tensor | Tensor1D;
  strides: number | [number, number];
  pad: 'same' | 'valid';
  activation: 'linear' | 'relu' | 'relu6' | 'prelu';
  preluActivationWeights?: Tensor;
}

/**
 * A convolution to be run often. The operation of TensorFlow.js looks at shapes and types and prepares a gradient every
 * time, which of a photo is 4 ms; here it does so for each new shape of an image, and the kernel alone runs from then on.
 */
export function convolutionOf(
  kind: keyof typeof KERNELS,
  options: ConvolutionOptions,
): (x: Tensor4D) => Tensor4D {
  const { kernel, checked } = KERNELS[kind];
  const { filter, bias, preluActivationWeights, strides, pad, activation } = options;
  const attributes = { strides, pad, activation, dataFormat: 'NHWC', dilations: [1, 1] };
  const constants = { filter, bias, preluActivationWeights } as Record<string, Tensor>;
  let known: readonly number[] = [];
  const isKnown = ({ shape }: Tensor4D): boolean =>
    shape[1] === known[1] && shape[2] === known[2] && shape[3] === known[3];
  return (x) => {
    if (isKnown(x)) return tf.engine().runKernel<Tensor4D>(kernel, { x, ...constants }, attributes);
    const result = checked({ x, ...options });
    known = x.shape;
    return result;
  };
}
