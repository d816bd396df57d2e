import type { Objects } from './objects.js';
import { createS3Objects, NO_OBJECTS, type S3Settings } from './s3.js';

/** The settings of the object store as an operator gives them; an empty endpoint: there is none. */
export interface ObjectSettings {
  s3Endpoint: string;
  s3Region: string;
  s3AccessKeyId: string;
  s3SecretAccessKey: string;
  s3PathStyle: string;
  s3Buckets: readonly string[];
  s3TimeoutMs: number;
}

/** The object store of these settings. */
export function openObjects(settings: ObjectSettings, log: S3Settings['log']): Objects {
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = settings;
  if (settings.s3Endpoint === '') return NO_OBJECTS;
  return createS3Objects({
    endpoint: settings.s3Endpoint,
    region: settings.s3Region,
    pathStyle: settings.s3PathStyle === 'true',
    buckets: settings.s3Buckets,
    timeoutMs: settings.s3TimeoutMs,
    ...(accessKeyId !== '' && { credentials: { accessKeyId, secretAccessKey } }),
    log,
  });
}
