import sharp from 'sharp';
import { mapPoint, type Point, similarityTransform } from './geometry.js';
import type { Pyramid } from './image.js';
import { MESH_POINTS, type Mesh, meshMean, meshPoint } from './landmarks.js';
import { FAMILIES } from './own/families.js';

/**
 * How much of the face a crop shows, in pixels of ArcFace's template: its 112 and room around, for templates that lie
 * otherwise (dlib's reaches 8 further down) or are seen smaller (at 0.94 of the size: 119).
 */
const SHOWN = 144;

/**
 * A crop has the photo's own pixels, halved as long as eyes stay this many pixels apart: in the inputs of the embedders
 * known here they are 35 to 59. What an embedder sees of it are then the same pixels that it sees of the photo.
 */
const MIN_EYES_PX = 60;

/** Between the eyes of ArcFace's template, in its pixels. */
const TEMPLATE_EYES_PX = 35.24;

/** The decoder takes no smaller photo. */
const MIN_SIDE = 80;

const JPEG = { quality: 92, chromaSubsampling: '4:4:4' } as const;

const { points: POINTS, template: TEMPLATE } = FAMILIES.arcface.alignment;

/** Where pixels of a crop lie in the photo: `shrink` photo pixels a pixel, from (left, top) on. */
interface Place {
  left: number;
  top: number;
  width: number;
  height: number;
  shrink: number;
}

/**
 * A face cut out, as a JPEG that is again a photo of this face, with its mesh beside the pixels: whoever embeds it again
 * need not find it again (see `cropMesh`).
 */
export async function faceCrop(image: Pyramid, mesh: Mesh): Promise<Uint8Array> {
  const { left, top, width, height, shrink } = placeOf(image, mesh);
  const pixels = Uint8ClampedArray.from(
    image.warp([shrink, 0, left, 0, shrink, top], width, height),
  );
  const jpeg = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg(JPEG)
    .toBuffer();
  return withMesh(jpeg, mesh, ([x, y]) => [(x - left) / shrink, (y - top) / shrink]);
}

function placeOf(image: Pyramid, mesh: Mesh): Place {
  const toImage = similarityTransform(
    TEMPLATE,
    POINTS.map((indices) => meshMean(mesh, indices)),
  );
  const eyesPx = TEMPLATE_EYES_PX * Math.hypot(toImage[0], toImage[3]);
  let shrink = 1;
  while (eyesPx / (2 * shrink) >= MIN_EYES_PX) shrink *= 2;
  const [near, far] = [(112 - SHOWN) / 2, (112 + SHOWN) / 2];
  const corners = [near, far].flatMap((x) => [near, far].map((y) => mapPoint(toImage, [x, y])));
  const [left, width] = span(
    corners.map(([x]) => x),
    image.width,
    shrink,
  );
  const [top, height] = span(
    corners.map(([, y]) => y),
    image.height,
    shrink,
  );
  return { left, top, width, height, shrink };
}

/**
 * Where the crop begins along one side, in photo pixels, and how many of its own it is long: as far as the photo goes,
 * and no shorter than a photo may be. It begins where pixels of the photo halved twice more begin, so that an embedder
 * with a smaller input sees the same of both.
 */
function span(
  values: readonly number[],
  length: number,
  shrink: number,
): [start: number, pixels: number] {
  const step = 4 * shrink;
  const start = Math.floor(Math.max(0, Math.min(...values)) / step) * step;
  const end = Math.min(length, Math.max(...values));
  const pixels = Math.ceil((end - start) / shrink);
  const lacking = Math.ceil(Math.max(0, MIN_SIDE - pixels) / 8) * 4;
  return [start - lacking * shrink, pixels + 2 * lacking];
}

/** The segment that holds the mesh: JPEG's APP9, which no other program gives a meaning to (ITU-T T.81, B.2.4.6). */
const MARKER = 0xffe9;
const NAME = Buffer.from('LIKENESS\0');
/** Of what follows the name. */
const VERSION = 1;
/** The two bytes of the marker, those of the length, name and version. */
const HEAD = 4 + NAME.length + 1;
/** Both coordinates of every point, 16 bits each. */
const SEGMENT = HEAD + MESH_POINTS * 4;
/** A coordinate is stored in 32nds of a pixel. */
const FRACTION = 32;
/** Behind the start of the image, two bytes. */
const START = 2;

function withMesh(jpeg: Buffer, mesh: Mesh, toCrop: (point: Point) => Point): Uint8Array {
  const segment = Buffer.alloc(SEGMENT);
  segment.writeUInt16BE(MARKER, 0);
  segment.writeUInt16BE(SEGMENT - 2, 2);
  NAME.copy(segment, 4);
  segment[HEAD - 1] = VERSION;
  for (let index = 0; index < MESH_POINTS; index++)
    for (const [axis, value] of toCrop(meshPoint(mesh, index)).entries())
      segment.writeInt16BE(
        Math.max(-0x8000, Math.min(0x7fff, Math.round(value * FRACTION))),
        HEAD + index * 4 + axis * 2,
      );
  return Buffer.concat([jpeg.subarray(0, START), segment, jpeg.subarray(START)]);
}

/**
 * The mesh of the face in a crop, in its pixels, without depths; undefined for a crop of an earlier release, which
 * has none, and for any other photo.
 */
export function cropMesh(bytes: Uint8Array): Mesh | undefined {
  const crop = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const segment = crop.subarray(START, START + SEGMENT);
  const isOurs =
    segment.length === SEGMENT &&
    segment.readUInt16BE(0) === MARKER &&
    segment.readUInt16BE(2) === SEGMENT - 2 &&
    segment.subarray(4, HEAD - 1).equals(NAME) &&
    segment[HEAD - 1] === VERSION;
  if (!isOurs) return undefined;
  const points = new Float32Array(MESH_POINTS * 3);
  for (let index = 0; index < MESH_POINTS; index++)
    for (const axis of [0, 1])
      points[index * 3 + axis] = segment.readInt16BE(HEAD + index * 4 + axis * 2) / FRACTION;
  return { flag: 1, points };
}
