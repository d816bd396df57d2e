import { type BlobShape, enumeration, optional, type StringShape, structure } from './shapes.js';

const s3Bucket = {
  kind: 'string',
  min: 3,
  max: 255,
  pattern: '[0-9A-Za-z\\.\\-_]*',
} as const satisfies StringShape;

const s3Name = { kind: 'string', min: 1, max: 1024 } as const satisfies StringShape;

const imageBytes = { kind: 'blob', min: 1, max: 5_242_880 } as const satisfies BlobShape;

export const s3Object = structure({
  Bucket: optional(s3Bucket),
  Name: optional(s3Name),
  Version: optional(s3Name),
});

/** A photo: its bytes, or where they lie. */
export const image = structure({
  Bytes: optional(imageBytes),
  S3Object: optional(s3Object),
});

/** How strictly faces are filtered by their quality. */
export const qualityFilter = enumeration(['NONE', 'AUTO', 'LOW', 'MEDIUM', 'HIGH']);

/** Never set since face model 4: boxes refer to the EXIF-oriented image. */
export const orientationCorrection = enumeration([
  'ROTATE_0',
  'ROTATE_90',
  'ROTATE_180',
  'ROTATE_270',
]);

/** Which members of a FaceDetail are asked for. */
export const attribute = enumeration([
  'DEFAULT',
  'ALL',
  'AGE_RANGE',
  'BEARD',
  'EMOTIONS',
  'EYE_DIRECTION',
  'EYEGLASSES',
  'EYES_OPEN',
  'GENDER',
  'MOUTH_OPEN',
  'MUSTACHE',
  'FACE_OCCLUDED',
  'SMILE',
  'SUNGLASSES',
]);
