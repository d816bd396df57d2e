import { ApiError } from '../errors.js';
import type { OperationName } from '../model/operations.js';
import type { JsonObject } from './json.js';
import type { Principal } from './sigv4/verify.js';

/** True when a principal may run an operation on a resource, an ARN or `*`. */
export type Authorise = (
  principal: Principal,
  operation: OperationName,
  resourceArn: string,
) => boolean;

/** Every principal may do everything: what holds where keys are configured and policies are not. */
export const allowAll: Authorise = () => true;

/** Where the collections of this service live, in ARNs. */
export interface Partition {
  readonly region: string;
  readonly accountId: string;
}

/**
 * The resource a call is about, read from the body before its types are checked: authorisation comes first
 * (contract section 2). A member that is no string cannot name a resource and would be refused later.
 */
export function resourceOf(body: JsonObject, { region, accountId }: Partition): string {
  const collectionId = ownString(body, 'CollectionId');
  if (collectionId !== undefined)
    return `arn:aws:rekognition:${region}:${accountId}:collection/${collectionId}`;
  return ownString(body, 'ResourceArn') ?? '*';
}

/** Throws AccessDeniedException with AWS's wording. */
export function requirePermission(
  authorise: Authorise,
  principal: Principal,
  operation: OperationName,
  resourceArn: string,
): void {
  if (authorise(principal, operation, resourceArn)) return;
  throw new ApiError(
    'AccessDeniedException',
    `User: ${principal.arn} is not authorized to perform: rekognition:${operation} on resource: ${resourceArn}`,
  );
}

function ownString(body: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
