import type { CardInput } from '../../cards.js';

/** Pixels (RGB 0–255, by pixel) as a net wants them: order, mean, divisor and layout of its card. */
export function toInput(pixels: Float32Array, input: CardInput): Float32Array {
  const { size, order, mean, divisor, layout } = input;
  const plane = size * size;
  const each = 3 * plane;
  const ready = new Float32Array(pixels.length);
  for (let channel = 0; channel < 3; channel++) {
    const source = order === 'BGR' ? 2 - channel : channel;
    const centre = mean[channel]!;
    for (let image = 0; image < pixels.length; image += each)
      for (let pixel = 0; pixel < plane; pixel++) {
        const at = layout === 'NCHW' ? channel * plane + pixel : 3 * pixel + channel;
        ready[image + at] = (pixels[image + 3 * pixel + source]! - centre) / divisor;
      }
  }
  return ready;
}
