import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import { OPERATIONS, type OperationName } from '../../src/model/operations.js';
import type { OperationModel } from '../../src/model/shapes.js';
import { portrait } from '../support/photos.js';
import { type ApiClient, type Json, ServiceError } from './api-client.js';

/** Settings of a service under which its quotas can be reached with a handful of calls. */
export const SMALL_QUOTAS = {
  LIKENESS_FACES_PER_COLLECTION: '3',
  LIKENESS_USERS_PER_COLLECTION: '2',
  LIKENESS_COLLECTIONS: '1',
  LIKENESS_TAGS_PER_COLLECTION: '2',
  LIKENESS_VISION_WORKERS: '1',
};

/** One operation as the test sees it through a client. */
export interface Calls {
  ok: (input: Json) => Promise<Json>;
  refused: (input: Json, code: string, message: unknown) => Promise<void>;
}

export interface ScenarioOptions {
  client: () => ApiClient;
  /** The CLI has one exit code for every service error and no classes. */
  hasClasses: boolean;
  /** Told which operation passed, and which errors the client was shown on the way. */
  passed: (operation: OperationName, errors: readonly string[]) => void;
}

export const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

export const GHOST = '00000000-0000-4000-8000-000000000000';
export const NOT_FOUND = 'ResourceNotFoundException';
export const INVALID = 'InvalidParameterException';
export const QUOTA = 'ServiceQuotaExceededException';
export const noCollection = (id: string): [string, string] => [
  NOT_FOUND,
  `The collection id: ${id} does not exist`,
];
export const noUser = (id: string): [string, string] => [
  NOT_FOUND,
  `The user id: ${id} does not exist`,
];
export const badId = (member: string, value: string, pattern: string): [string, string] => [
  'ValidationException',
  `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${pattern}`,
];
export const BAD_COLLECTION = badId('collectionId', 'a b/é', '[a-zA-Z0-9_.\\-]+');
export const BAD_TOKEN: [string, string] = ['InvalidPaginationTokenException', 'Invalid Token'];
export const NO_FORMAT: [string, string] = [
  'InvalidImageFormatException',
  'Request has invalid image format',
];

/** What the steps share: a collection, photos by name, and what earlier steps found out. */
export interface Stage {
  CollectionId: string;
  /** Inputs that name the collection, and one that is not there. */
  inC: { CollectionId: string };
  elsewhere: { CollectionId: string };
  Image: (name: string) => { Bytes: Buffer | undefined };
  /** FaceIds by the photo's name. */
  faces: Record<string, string>;
  arn: string;
  /** Makes the test of one operation. */
  step: (operation: OperationName, test: (calls: Calls) => Promise<void>) => void;
  /** All pages of a list, one item each. */
  pages: (operation: OperationName, input: Json) => Promise<Json[]>;
}

/** Sets the stage for one client; its photos are cut before the first step. */
export function createStage(options: ScenarioOptions): Stage {
  const CollectionId = `c-${randomUUID()}`;
  const photos: Record<string, Buffer> = {};
  beforeAll(async () => {
    photos['anna'] = await portrait('anna');
    photos['annaElsewhere'] = await portrait('annaElsewhere');
    photos['clara'] = await portrait('clara');
    const grey = sharp({ create: { width: 200, height: 200, channels: 3, background: '#888' } });
    photos['nobody'] = await grey.jpeg().toBuffer();
    photos['text'] = Buffer.from('no photo at all');
  });
  return {
    CollectionId,
    inC: { CollectionId },
    elsewhere: { CollectionId: 'ghost' },
    Image: (name) => ({ Bytes: photos[name] }),
    faces: {},
    arn: '',
    step: stepper(options),
    pages: (operation, input) => options.client().pages(operation, input, 1),
  };
}

/** Makes the test of one operation, which tells what passed when all of it did. */
function stepper({ client, hasClasses, passed }: ScenarioOptions) {
  return (operation: OperationName, test: (calls: Calls) => Promise<void>): void => {
    const { errors }: OperationModel = OPERATIONS[operation];
    it(`${operation} and its errors`, async () => {
      const shown: string[] = [];
      await test({
        ok: (input) => client().call(operation, input),
        refused: async (input, code, message) => {
          const error = await client()
            .call(operation, input)
            .catch((thrown: unknown) => thrown);
          expect(error).toBeInstanceOf(ServiceError);
          const { code: seen, message: text, modelled } = error as ServiceError;
          expect([seen, text]).toEqual([code, message]);
          expect(modelled).toBe(!hasClasses || errors.includes(code));
          shown.push(code);
        },
      });
      passed(operation, shown);
    });
  };
}
