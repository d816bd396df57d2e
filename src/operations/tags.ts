import { collectionOfArn } from '../domain/ids.js';
import { ENGINE_TAG, parseSearchSettings } from '../domain/search-settings.js';
import { ApiError } from '../errors.js';
import type { Services } from './services.js';

/** The collection a ResourceArn names; only collections carry tags here. */
export function taggedCollection({ settings }: Pick<Services, 'settings'>, arn: string): string {
  const collectionId = collectionOfArn(settings.place, arn);
  if (collectionId === undefined)
    throw new ApiError('ResourceNotFoundException', `The resource ${arn} does not exist`);
  return collectionId;
}

/** ServiceQuotaExceededException when one resource would carry too many tags. */
export function requireTagCount(tags: Record<string, string>, max: number): void {
  const count = Object.keys(tags).length;
  if (count > max)
    throw new ApiError(
      'ServiceQuotaExceededException',
      `A resource can have at most ${max} tags, ${count} were given`,
    );
}

/** InvalidParameterException for a tag that should say how the collection is searched, and does not. */
export function requireEngineTag(tags: Record<string, string>): void {
  const text = tags[ENGINE_TAG];
  if (text === undefined) return;
  try {
    parseSearchSettings(text);
  } catch (cause) {
    throw new ApiError(
      'InvalidParameterException',
      `The tag ${ENGINE_TAG} is not valid: ${(cause as Error).message}`,
      { cause },
    );
  }
}
