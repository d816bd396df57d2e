import { ApiError } from '../errors.js';
import type { OperationName } from '../model/operations.js';
import { ACCESS } from './access.js';
import type { JsonObject } from './json.js';
import { allows } from './policy/policy.js';
import type { Principal } from './sigv4/verify.js';

/** Where the collections of this service live, in ARNs. */
export interface Partition {
  readonly region: string;
  readonly accountId: string;
}

interface Question {
  readonly operation: OperationName;
  readonly resource: string;
}

/**
 * Throws AccessDeniedException with AWS's wording unless the principal's policy allows the call. The body is
 * judged before its types are checked: authorisation comes first (contract section 2).
 */
export function authorise(
  principal: Principal,
  operation: OperationName,
  body: JsonObject,
  partition: Partition,
): void {
  for (const asked of questionsOf(operation, body, partition))
    if (!allows(principal.policy, `rekognition:${asked.operation}`, asked.resource))
      throw new ApiError(
        'AccessDeniedException',
        `User: ${principal.arn} is not authorized to perform: rekognition:${asked.operation} on resource: ${asked.resource}`,
      );
}

/** Tags given to CreateCollection need the right to tag as well (API reference of CreateCollection). */
function questionsOf(operation: OperationName, body: JsonObject, partition: Partition): Question[] {
  const resource = resourceOf(operation, body, partition);
  const tags = operation === 'CreateCollection' && Object.hasOwn(body, 'Tags') && body['Tags'];
  return tags
    ? [
        { operation, resource },
        { operation: 'TagResource', resource },
      ]
    : [{ operation, resource }];
}

/**
 * The resource a call is about. Only the member that the operation itself reads counts, or a caller could
 * add one that its policy allows. One that is no string names nothing, and is refused later.
 */
function resourceOf(operation: OperationName, body: JsonObject, partition: Partition): string {
  const { resource } = ACCESS[operation];
  const named = resource === 'none' ? undefined : ownString(body, MEMBERS[resource]);
  if (named === undefined) return '*';
  if (resource === 'collection')
    return `arn:aws:rekognition:${partition.region}:${partition.accountId}:collection/${named}`;
  // The short spelling, as in CreateCollection's reply, names the same collection.
  return named.startsWith('arn:') ? named : `arn:${named}`;
}

const MEMBERS = { collection: 'CollectionId', tagged: 'ResourceArn' } as const;

function ownString(body: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(body, name) ? body[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
