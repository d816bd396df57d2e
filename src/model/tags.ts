import { list, type MapShape, type StringShape } from './shapes.js';

export const resourceArn = { kind: 'string', min: 20, max: 2048 } as const satisfies StringShape;

const tagKey = {
  kind: 'string',
  min: 1,
  max: 128,
  pattern: '^(?!aws:)[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*$',
} as const satisfies StringShape;

const tagValue = {
  kind: 'string',
  min: 0,
  max: 256,
  pattern: '^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$',
} as const satisfies StringShape;

export const tagMap = {
  kind: 'map',
  key: tagKey,
  value: tagValue,
  min: 0,
  max: 200,
} as const satisfies MapShape;

export const tagKeyList = list(tagKey, { min: 0, max: 200 });
