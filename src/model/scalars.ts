import type { NumberShape, StringShape } from './shapes.js';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** Text without a rule. */
export const text = { kind: 'string' } as const;

export const boolean = { kind: 'boolean' } as const;

/** Epoch milliseconds in the program. */
export const dateTime = { kind: 'timestamp' } as const;

export const collectionId = {
  kind: 'string',
  min: 1,
  max: 255,
  pattern: '[a-zA-Z0-9_.\\-]+',
} as const satisfies StringShape;

export const userId = {
  kind: 'string',
  min: 1,
  max: 128,
  pattern: '[a-zA-Z0-9_.\\-:]+',
} as const satisfies StringShape;

export const faceId = { kind: 'string', pattern: UUID } as const satisfies StringShape;

export const imageId = { kind: 'string', pattern: UUID } as const satisfies StringShape;

export const externalImageId = {
  kind: 'string',
  min: 1,
  max: 255,
  pattern: '[a-zA-Z0-9_.\\-:]+',
} as const satisfies StringShape;

export const faceModelVersion = {
  kind: 'string',
  pattern: '[0-9\\.]+',
} as const satisfies StringShape;

/** Clients fill it in by themselves and keep it when they retry. */
export const clientRequestToken = {
  kind: 'string',
  min: 1,
  max: 64,
  pattern: '^[a-zA-Z0-9-_]+$',
} as const satisfies StringShape;

export const paginationToken = { kind: 'string', max: 255 } as const satisfies StringShape;

/** Similarity, confidence or threshold, 0–100. */
export const percent = { kind: 'float', min: 0, max: 100 } as const satisfies NumberShape;

export const float = { kind: 'float' } as const satisfies NumberShape;

export const degree = { kind: 'float', min: -180, max: 180 } as const satisfies NumberShape;

export const unsignedInteger = { kind: 'integer', min: 0 } as const satisfies NumberShape;

export const unsignedLong = { kind: 'long', min: 0 } as const satisfies NumberShape;

/** Items a page may hold; 0 means the default. */
export const pageSize = { kind: 'integer', min: 0, max: 4096 } as const satisfies NumberShape;

/** Faces a search may return. */
export const maxFaces = { kind: 'integer', min: 1, max: 4096 } as const satisfies NumberShape;

/** Users a search or a page may return. */
export const maxUsers = { kind: 'integer', min: 1, max: 500 } as const satisfies NumberShape;
