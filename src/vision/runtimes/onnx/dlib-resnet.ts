import type { DlibWeights } from '../dlib-weights.js';
import { STAGES } from '../dlib-weights.js';
import type { OnnxBuilder } from './builder.js';
import { filterOutFirst } from './layout.js';

/** A value of the graph with its height (= width) and channels, which decide about padding. */
interface Block {
  name: string;
  side: number;
  channels: number;
}

interface ConvolutionOptions {
  strides: number;
  /** Pixels on every side. */
  pad: number;
  relu: boolean;
}

/** dlib's face net as ONNX operations, from preprocessed channels-first images; see `dlib-resnet.ts` beside the folder. */
export function addDlibResnet(
  onnx: OnnxBuilder,
  weights: DlibWeights,
  input: string,
  size: number,
): string[] {
  const convolution = (x: Block, name: string, options: ConvolutionOptions): Block => {
    const { shape, filter, bias } = weights.convolution(name);
    const { data, shape: moved } = filterOutFirst(filter, shape);
    const [kernel, , , channels] = shape;
    const { strides, pad, relu } = options;
    const result = onnx.op(
      'Conv',
      [x.name, onnx.floats(data, moved), onnx.floats(bias, [channels])],
      {
        strides: [strides, strides],
        pads: [pad, pad, pad, pad],
        kernel_shape: [kernel, kernel],
      },
    );
    return {
      name: relu ? onnx.op('Relu', [result]) : result,
      side: Math.floor((x.side + 2 * pad - kernel) / strides) + 1,
      channels,
    };
  };
  const sum = (a: Block, b: Block): Block => ({
    ...a,
    name: onnx.op('Relu', [onnx.op('Add', [a.name, b.name])]),
  });
  const second = (x: Block, name: string, firstStrides: number): Block => {
    const pad = firstStrides === 1 ? 1 : 0;
    const first = convolution(x, `${name}/conv1`, { strides: firstStrides, pad, relu: true });
    return convolution(first, `${name}/conv2`, { strides: 1, pad: 1, relu: false });
  };
  const down = (x: Block, name: string): Block => {
    const main = second(x, name, 2);
    const shortcut = pool(onnx, 'AveragePool', x, 2);
    const channels = Math.max(main.channels, shortcut.channels);
    return sum(
      padded(onnx, shortcut, channels, shortcut.side),
      padded(onnx, main, channels, shortcut.side),
    );
  };
  const rgb: Block = { name: input, side: size, channels: 3 };
  let x = convolution(rgb, 'conv32_down', { strides: 2, pad: 0, relu: true });
  x = pool(onnx, 'MaxPool', x, 3);
  for (const stage of STAGES) {
    if (stage.down) x = down(x, stage.down);
    for (const name of stage.residual) x = sum(second(x, name, 1), x);
  }
  const mean = onnx.op('ReduceMean', [x.name], { axes: [2, 3], keepdims: 0 });
  const { data, shape } = weights.projection;
  return [onnx.op('MatMul', [mean, onnx.floats(data, shape)])];
}

/** Pools of dlib have stride 2 and no padding. */
function pool(onnx: OnnxBuilder, type: string, x: Block, kernel: number): Block {
  const name = onnx.op(type, [x.name], { kernel_shape: [kernel, kernel], strides: [2, 2] });
  return { name, side: Math.floor((x.side - kernel) / 2) + 1, channels: x.channels };
}

/** Zeros for missing channels, rows and columns. */
function padded(onnx: OnnxBuilder, x: Block, channels: number, side: number): Block {
  if (channels === x.channels && side === x.side) return x;
  const [more, larger] = [channels - x.channels, side - x.side];
  const pads = onnx.integers([0, 0, 0, 0, 0, more, larger, larger]);
  return { name: onnx.op('Pad', [x.name, pads], { mode: 'constant' }), side, channels };
}
