import sharp from 'sharp';
import { ApiError } from '../errors.js';
import type { RgbImage } from './image.js';

/** A photo ready for detection. */
export interface DecodedImage {
  /** Upright RGB, shrunk so that its longest side is at most the limit. */
  image: RgbImage;
  /** Size of the EXIF-oriented original in pixels. */
  width: number;
  height: number;
}

export interface DecodeLimits {
  /** An image of more pixels than this is refused. */
  maxPixels: number;
  /** The longest side the nets get to see. */
  maxSide: number;
}

/** AWS: image sides must be at least 80 px (developer guide, limits). */
const MIN_SIDE = 80;

const MAGIC = {
  jpeg: [0xff, 0xd8, 0xff],
  png: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
} as const;

/** Behind transparent pixels: neither hair nor skin. */
const BACKDROP = '#808080';

/**
 * Nothing but JPEG and PNG may reach a parser of this process, and each thread decodes one image at a time.
 * libvips has one set of settings for all threads of a process, and between the two calls nothing at all can be
 * decoded: so this is called once, before any thread decodes.
 */
export function prepareDecoding(): void {
  sharp.concurrency(1);
  sharp.cache(false);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpeg', 'VipsForeignLoadPng'] });
}

/**
 * Decodes a JPEG or PNG, told by its first bytes, into upright 8-bit sRGB without alpha.
 *
 * @throws ApiError InvalidImageFormatException: another format, truncated or undecodable.
 * @throws ApiError ImageTooLargeException: more pixels than `maxPixels`; only the header was read.
 * @throws ApiError InvalidParameterException: a side below 80 px.
 */
export async function decode(bytes: Uint8Array, limits: DecodeLimits): Promise<DecodedImage> {
  if (!startsWith(bytes, MAGIC.jpeg) && !startsWith(bytes, MAGIC.png))
    throw new ApiError('InvalidImageFormatException');
  const { width, height } = await headerOf(bytes);
  if (width * height > limits.maxPixels)
    throw new ApiError(
      'ImageTooLargeException',
      `Image size is too large: ${width} x ${height} pixels, at most ${limits.maxPixels} pixels are allowed`,
    );
  if (Math.min(width, height) < MIN_SIDE)
    throw new ApiError(
      'InvalidParameterException',
      `Request has invalid parameters: image sides must be at least ${MIN_SIDE} pixels, got ${width} x ${height}`,
    );
  try {
    return { image: await pixelsOf(bytes, limits), width, height };
  } catch (cause) {
    throw new ApiError('InvalidImageFormatException', undefined, { cause });
  }
}

/** The oriented size, from the header alone. */
async function headerOf(bytes: Uint8Array): Promise<{ width: number; height: number }> {
  try {
    // The pixel bound is applied above, with its own error.
    const { autoOrient } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return autoOrient;
  } catch (cause) {
    throw new ApiError('InvalidImageFormatException', undefined, { cause });
  }
}

async function pixelsOf(
  bytes: Uint8Array,
  { maxPixels, maxSide }: DecodeLimits,
): Promise<RgbImage> {
  const { data, info } = await sharp(bytes, {
    failOn: 'truncated',
    limitInputPixels: maxPixels,
    sequentialRead: true,
  })
    .autoOrient()
    .flatten({ background: BACKDROP })
    .resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.length);
  if (channels === 3) return { data: pixels, width, height };
  if (channels === 1) return { data: tripled(pixels), width, height };
  throw new Error(`expected 1 or 3 channels, got ${channels as number}`);
}

/** Grey images keep their single channel through sharp. */
function tripled(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (const [index, value] of grey.entries()) rgb.fill(value, index * 3, index * 3 + 3);
  return rgb;
}

const startsWith = (bytes: Uint8Array, magic: readonly number[]): boolean =>
  magic.every((value, index) => bytes[index] === value);
