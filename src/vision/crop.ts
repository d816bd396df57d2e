import sharp from 'sharp';
import { similarityTransform } from './geometry.js';
import type { Pyramid } from './image.js';
import { type Mesh, meshMean } from './landmarks.js';
import { FAMILIES } from './own/families.js';

/** Side of a crop in pixels: eyes are 56 px apart, in the inputs of the embedders known here 35 to 53. */
const SIDE = 256;

/** How much of the face it shows, in pixels of ArcFace's template: that one's 112 and room around, to find it again. */
const SHOWN = 160;

const QUALITY = 92;

const { points: POINTS, template: TEMPLATE } = FAMILIES.arcface.alignment;

/** The five points of a face in the middle of a crop. */
const IN_CROP = TEMPLATE.map(
  ([x, y]) =>
    [(x + (SHOWN - 112) / 2) * (SIDE / SHOWN), (y + (SHOWN - 112) / 2) * (SIDE / SHOWN)] as const,
);

/** A face cut out upright, as a JPEG that is again a photo of this face alone. */
export function faceCrop(image: Pyramid, mesh: Mesh): Promise<Uint8Array> {
  const toImage = similarityTransform(
    IN_CROP,
    POINTS.map((indices) => meshMean(mesh, indices)),
  );
  const pixels = Uint8ClampedArray.from(image.warp(toImage, SIDE, SIDE));
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
