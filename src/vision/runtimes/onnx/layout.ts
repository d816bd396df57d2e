/** A filter of TensorFlow (height × width × in × out) as ONNX has it: out × in × height × width. */
export function filterOutFirst(
  data: Float32Array,
  [height, width, inputs, outputs]: readonly number[],
): { data: Float32Array; shape: number[] } {
  const moved = new Float32Array(data.length);
  let from = 0;
  for (let y = 0; y < height!; y++)
    for (let x = 0; x < width!; x++)
      for (let i = 0; i < inputs!; i++)
        for (let o = 0; o < outputs!; o++)
          moved[((o * inputs! + i) * height! + y) * width! + x] = data[from++]!;
  return { data: moved, shape: [outputs!, inputs!, height!, width!] };
}

/** A depthwise filter (height × width × channels × multiplier) as a grouped one: channels·multiplier × 1 × height × width. */
export function filterGrouped(
  data: Float32Array,
  [height, width, channels, multiplier]: readonly number[],
): { data: Float32Array; shape: number[] } {
  const grouped = filterOutFirst(data, [height!, width!, 1, channels! * multiplier!]);
  return { data: grouped.data, shape: grouped.shape };
}

/** Images last by channel → by channel first, and back. */
export const CHANNELS_FIRST = { perm: [0, 3, 1, 2] } as const;
export const CHANNELS_LAST = { perm: [0, 2, 3, 1] } as const;
