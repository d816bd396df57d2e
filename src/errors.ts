/** Who has to act: the caller (HTTP 400) or the operator of this service (HTTP 500). */
type Fault = 'client' | 'server';

interface ErrorKind {
  readonly fault: Fault;
  /** HTTP status. Every Rekognition exception is 400 but the two model faults (service model 2026-08). */
  readonly status: 400 | 500;
  /**
   * `service`: the body carries __type, Code, Logref and Message.
   * `framework`: the front end refused the request; the body carries __type and message only.
   */
  readonly origin: 'service' | 'framework';
  /** Text used when the thrower gives none. */
  readonly message: string;
}

const client = (message: string): ErrorKind => ({
  fault: 'client',
  status: 400,
  origin: 'service',
  message,
});
const server = (message: string): ErrorKind => ({
  fault: 'server',
  status: 500,
  origin: 'service',
  message,
});
const framework = (message: string): ErrorKind => ({
  fault: 'client',
  status: 400,
  origin: 'framework',
  message,
});

/** Every error the API can answer with. Texts: developer guide "Error handling" and recorded replies. */
export const ERRORS = {
  AccessDeniedException: client('Access denied'),
  ConflictException: client('The request conflicts with a concurrent change of the same user'),
  IdempotentParameterMismatchException: client('The ClientRequestToken is already in use.'),
  ImageTooLargeException: client('Image size is too large'),
  InternalServerError: server('Internal server error'),
  InvalidImageFormatException: client('Request has invalid image format'),
  InvalidPaginationTokenException: client('Invalid Token'),
  InvalidParameterException: client('Request has invalid parameters'),
  InvalidS3ObjectException: client('Request has invalid S3 object'),
  ProvisionedThroughputExceededException: client('Provisioned rate exceeded'),
  ResourceAlreadyExistsException: client('The resource already exists'),
  ResourceNotFoundException: client('The resource does not exist'),
  ServiceQuotaExceededException: client('The request exceeds a service quota'),
  ThrottlingException: server('Slow down; sudden increase in rate of requests.'),

  ExpiredTokenException: framework('The security token included in the request is expired'),
  IncompleteSignatureException: framework('The request signature is incomplete'),
  InvalidSignatureException: framework(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  ),
  MissingAuthenticationTokenException: framework('Missing Authentication Token'),
  SerializationException: framework(''),
  UnknownOperationException: framework(''),
  UnrecognizedClientException: framework('The security token included in the request is invalid.'),
  ValidationException: framework(''),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * An error the API promises to its callers. Anything else that is thrown is a bug: it is logged with
 * its stack and answered as InternalServerError without detail.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string = ERRORS[code].message, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code];
  }
}

const MOVED = 'has just moved to another model';

/** A call met the switch of its collection to another model; nothing of it was done. Made again, it succeeds. */
export const collectionMoved = (collectionId: string): ApiError =>
  new ApiError('ThrottlingException', `The collection id: ${collectionId} ${MOVED}`);

/** Whether it is that error; its text is all that comes through from another thread. */
export const isCollectionMoved = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.code === 'ThrottlingException' &&
  error.message.endsWith(MOVED);

/**
 * A fault that stops the service from starting or tells an operator what to repair: a missing model
 * file, a data directory of a newer version, an occupied port. Shown as one line, without a stack.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
