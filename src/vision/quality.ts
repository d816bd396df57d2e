/** The part of the aligned chip that is face and nothing else, as shares of its side. */
const INNER = { from: 0.2, to: 0.8 } as const;

/** Laplacian deviation at which a face counts as half sharp. */
const HALF_SHARP = 12;

/** Brightness and sharpness, 0–100 each, of an aligned face (RGB floats 0–255, `size` × `size`). */
export function qualityOf(
  chip: Float32Array,
  size: number,
): { brightness: number; sharpness: number } {
  const luma = lumaOf(chip);
  const from = Math.round(size * INNER.from);
  const to = Math.round(size * INNER.to);
  let sum = 0;
  let edges = 0;
  let squares = 0;
  for (let y = from; y < to; y++)
    for (let x = from; x < to; x++) {
      const at = y * size + x;
      sum += luma[at]!;
      const laplacian =
        luma[at - 1]! + luma[at + 1]! + luma[at - size]! + luma[at + size]! - 4 * luma[at]!;
      edges += laplacian;
      squares += laplacian * laplacian;
    }
  const count = (to - from) ** 2;
  const deviation = Math.sqrt(Math.max(0, squares / count - (edges / count) ** 2));
  return {
    brightness: (sum / count / 255) * 100,
    sharpness: (100 * deviation) / (deviation + HALF_SHARP),
  };
}

/** ITU-R BT.601. */
function lumaOf(rgb: Float32Array): Float32Array {
  const luma = new Float32Array(rgb.length / 3);
  for (let index = 0, at = 0; index < luma.length; index++, at += 3)
    luma[index] = 0.299 * rgb[at]! + 0.587 * rgb[at + 1]! + 0.114 * rgb[at + 2]!;
  return luma;
}
