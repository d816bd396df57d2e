import type { CardInput } from '../cards.js';

/** Pixels (RGB 0–255, by pixel) as a net wants them: order, mean, divisor and layout of its card. */
export function toInput(
  pixels: Float32Array,
  { size, order, mean, divisor, layout }: CardInput,
): Float32Array {
  const ready = new Float32Array(pixels.length);
  const plane = size * size;
  const [first, last] = order === 'BGR' ? [2, 0] : [0, 2];
  const [step, channelStep] = layout === 'NCHW' ? [1, plane] : [3, 1];
  const [mean0, mean1, mean2] = mean;
  for (let image = 0; image < pixels.length; image += 3 * plane)
    for (let from = image, to = image; from < image + 3 * plane; from += 3, to += step) {
      ready[to] = (pixels[from + first]! - mean0) / divisor;
      ready[to + channelStep] = (pixels[from + 1]! - mean1) / divisor;
      ready[to + 2 * channelStep] = (pixels[from + last]! - mean2) / divisor;
    }
  return ready;
}
