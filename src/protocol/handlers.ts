import {
  OPERATIONS,
  type OperationInput,
  type OperationName,
  type OperationOutput,
} from '../model/operations.js';
import type { Principal } from './sigv4/verify.js';

/** What a handler knows about the call it serves. */
export interface RequestContext {
  /** The x-amzn-RequestId of the answer; put it into log lines. */
  readonly requestId: string;
  /** Who signed the request; absent where the service runs without keys. */
  readonly principal?: Principal;
  /** Aborted when the caller has gone away: nobody will read the answer. */
  readonly signal: AbortSignal;
}

/**
 * One function an operation. An `ApiError` it throws is answered as such, anything else as
 * InternalServerError. The input has passed every constraint of the model.
 */
export type Handlers = {
  readonly [N in OperationName]: (
    input: OperationInput<N>,
    context: RequestContext,
  ) => Promise<OperationOutput<N>>;
};

/** A handler whose operation is only known at run time: the model has already checked what goes in. */
export type AnyHandler = (input: object, context: RequestContext) => Promise<object>;

/** The table's handlers by name. Throws when an operation has none, or when one has no operation. */
export function checkHandlers(handlers: Handlers): Readonly<Record<OperationName, AnyHandler>> {
  const names = Object.keys(OPERATIONS) as OperationName[];
  const missing = names.filter((name) => typeof handlers[name] !== 'function');
  const unknown = Object.keys(handlers).filter((name) => !Object.hasOwn(OPERATIONS, name));
  if (missing.length > 0 || unknown.length > 0)
    throw new Error(
      `handlers do not match the model: missing [${missing.join(', ')}], unknown [${unknown.join(', ')}]`,
    );
  return handlers as unknown as Record<OperationName, AnyHandler>;
}
