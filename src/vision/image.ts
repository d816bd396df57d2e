import { type Affine, scaleOf } from './geometry.js';

/** An upright 8-bit RGB image, rows of width × 3 bytes. */
export interface RgbImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A smaller level is not made below this many pixels a side. */
const SMALLEST_LEVEL = 8;

/** An image with halved copies of itself, made when first needed, so that shrinking does not alias. */
export class Pyramid {
  readonly width: number;
  readonly height: number;
  readonly #levels: RgbImage[];

  constructor(image: RgbImage) {
    this.width = image.width;
    this.height = image.height;
    this.#levels = [image];
  }

  /**
   * Cuts `width`×`height` pixels out of the image: `toImage` maps target pixels to image pixels. Bilinear,
   * from the level that is less than twice as fine as asked for; black outside the image.
   *
   * @returns RGB floats 0–255, rows of width × 3.
   */
  warp(toImage: Affine, width: number, height: number): Float32Array {
    const level = this.#levelFor(scaleOf(toImage));
    const image = this.#levels[level]!;
    const shrink = 2 ** level;
    const [a, b, c, d, e, f] = toImage;
    return sample(
      image,
      [
        a / shrink,
        b / shrink,
        (c + 0.5 * (a + b)) / shrink - 0.5,
        d / shrink,
        e / shrink,
        (f + 0.5 * (d + e)) / shrink - 0.5,
      ],
      width,
      height,
    );
  }

  #levelFor(scale: number): number {
    let level = 0;
    while (scale / 2 ** level >= 2) {
      const finer = this.#levels[level]!;
      if (finer.width < 2 * SMALLEST_LEVEL || finer.height < 2 * SMALLEST_LEVEL) break;
      level++;
      if (level === this.#levels.length) this.#levels.push(halve(finer));
    }
    return level;
  }
}

function halve({ data, width: fullWidth, height: fullHeight }: RgbImage): RgbImage {
  const width = fullWidth >> 1;
  const height = fullHeight >> 1;
  const half = new Uint8Array(width * height * 3);
  const row = fullWidth * 3;
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = 2 * y * row;
    for (let x = 0; x < width; x++, from += 6)
      for (let channel = 0; channel < 3; channel++) {
        const at = from + channel;
        half[to++] = (data[at]! + data[at + 3]! + data[at + row]! + data[at + row + 3]! + 2) >> 2;
      }
  }
  return { data: half, width, height };
}

/** Bilinear sampling; here the map goes between sample positions, whose first is 0, not 0.5. */
function sample(image: RgbImage, map: Affine, width: number, height: number): Float32Array {
  const [a, b, c, d, e, f] = map;
  const { data, width: w, height: h } = image;
  const out = new Float32Array(width * height * 3);
  let to = 0;
  for (let v = 0; v < height; v++)
    for (let u = 0; u < width; u++, to += 3) {
      const x = a * u + b * v + c;
      const y = d * u + e * v + f;
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      if (x0 < -1 || y0 < -1 || x0 >= w || y0 >= h) continue;
      if (x0 >= 0 && y0 >= 0 && x0 < w - 1 && y0 < h - 1) {
        const fx = x - x0;
        const fy = y - y0;
        const topLeft = (1 - fx) * (1 - fy);
        const topRight = fx * (1 - fy);
        const bottomLeft = (1 - fx) * fy;
        const bottomRight = fx * fy;
        const p = (y0 * w + x0) * 3;
        const q = p + w * 3;
        for (let k = 0; k < 3; k++)
          out[to + k] =
            data[p + k]! * topLeft +
            data[p + 3 + k]! * topRight +
            data[q + k]! * bottomLeft +
            data[q + 3 + k]! * bottomRight;
      } else sampleBorder(image, x, y, out.subarray(to, to + 3));
    }
  return out;
}

/** Neighbours outside the image count as black. */
function sampleBorder(image: RgbImage, x: number, y: number, out: Float32Array): void {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  for (let dy = 0; dy < 2; dy++)
    for (let dx = 0; dx < 2; dx++) {
      const column = x0 + dx;
      const line = y0 + dy;
      if (column < 0 || line < 0 || column >= image.width || line >= image.height) continue;
      const weight = (dx === 1 ? x - x0 : 1 - (x - x0)) * (dy === 1 ? y - y0 : 1 - (y - y0));
      const at = (line * image.width + column) * 3;
      for (let k = 0; k < 3; k++) out[k] = out[k]! + weight * image.data[at + k]!;
    }
}

/** The same square image seen in a mirror. */
export function mirror(pixels: Float32Array, size: number): Float32Array {
  const out = new Float32Array(pixels.length);
  let to = 0;
  for (let y = 0; y < size; y++)
    for (let x = size - 1; x >= 0; x--) {
      const from = (y * size + x) * 3;
      out[to++] = pixels[from]!;
      out[to++] = pixels[from + 1]!;
      out[to++] = pixels[from + 2]!;
    }
  return out;
}
