import { OperatorError } from '../../errors.js';
import type { AccessKey, Credentials } from './credentials.js';

/** An access key with its id, as keys are configured. */
export interface ConfiguredKey extends AccessKey {
  readonly accessKeyId: string;
}

const MAX_KEYS = 10_000;
const ACCESS_KEY_ID = /^[A-Za-z0-9_.-]{3,128}$/;
/** A signature that was overheard can be guessed against offline: AWS's own secrets have 40 characters. */
const MIN_SECRET_LENGTH = 16;

interface KeysSource {
  /** Named in errors: a file, or the environment. */
  readonly source: string;
  /** Account number of the principals' ARNs. */
  readonly accountId: string;
}

/**
 * Parses a keys file: `{"keys":[{"accessKeyId","secretAccessKey","sessionToken"?,"expiresAt"?}]}`,
 * `expiresAt` being an ISO 8601 time. OperatorError names the entry and what is wrong, never a secret.
 */
export function parseKeysFile(text: string, { source, accountId }: KeysSource): ConfiguredKey[] {
  const file = parseJson(text, source);
  const keys = isObject(file) ? file['keys'] : undefined;
  if (!Array.isArray(keys))
    throw new OperatorError(
      `Keys file ${source}: expected {"keys":[{"accessKeyId":"…","secretAccessKey":"…"}]}`,
    );
  // A file without keys must not open the door: who names one wants requests to be signed.
  if (keys.length === 0 || keys.length > MAX_KEYS)
    throw new OperatorError(
      `Keys file ${source}: expected 1 to ${MAX_KEYS} keys, got ${keys.length}`,
    );
  return keys.map((entry: unknown, index) =>
    readKey(entry, { source: `Keys file ${source}: key ${index + 1}`, accountId }),
  );
}

/** The key pair of the standard AWS environment variables; none when both are empty. */
export function environmentKeys(
  environment: { accessKeyId: string; secretAccessKey: string; sessionToken: string },
  accountId: string,
): ConfiguredKey[] {
  const { accessKeyId, secretAccessKey, sessionToken } = environment;
  if (accessKeyId === '' && secretAccessKey === '') return [];
  return [
    readKey(
      { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) },
      { source: 'AWS_ACCESS_KEY_ID / AWS_SECRET_ACCESS_KEY', accountId },
    ),
  ];
}

/** A lookup over configured keys. One id twice is an OperatorError: which secret counts must be clear. */
export function createCredentials(keys: readonly ConfiguredKey[]): Credentials {
  const byId = new Map<string, AccessKey>();
  for (const { accessKeyId, ...key } of keys) {
    if (byId.has(accessKeyId))
      throw new OperatorError(`Access key ${accessKeyId} is configured twice: remove one of them`);
    byId.set(accessKeyId, key);
  }
  return { find: (accessKeyId) => byId.get(accessKeyId) };
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the file, and the file holds secrets.
    throw new OperatorError(`Keys file ${source}: not valid JSON`);
  }
}

function readKey(entry: unknown, { source, accountId }: KeysSource): ConfiguredKey {
  if (!isObject(entry)) throw new OperatorError(`${source}: expected an object`);
  const accessKeyId = member(entry, 'accessKeyId');
  if (accessKeyId === undefined || !ACCESS_KEY_ID.test(accessKeyId))
    throw new OperatorError(
      `${source}: accessKeyId must be 3 to 128 letters, digits, dots, hyphens or underscores`,
    );
  const secretAccessKey = member(entry, 'secretAccessKey');
  if (secretAccessKey === undefined || secretAccessKey.length < MIN_SECRET_LENGTH)
    throw new OperatorError(
      `${source}: secretAccessKey of ${accessKeyId} must have at least ${MIN_SECRET_LENGTH} characters`,
    );
  const sessionToken = optionalMember(entry, 'sessionToken', source);
  const expiresAt = optionalMember(entry, 'expiresAt', source);
  const expiresAtMs = expiresAt === undefined ? undefined : Date.parse(expiresAt);
  if (Number.isNaN(expiresAtMs))
    throw new OperatorError(`${source}: expiresAt of ${accessKeyId} must be an ISO 8601 time`);
  return {
    accessKeyId,
    secretAccessKey,
    principalArn: `arn:aws:iam::${accountId}:user/${accessKeyId}`,
    ...(sessionToken !== undefined && { sessionToken }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
  };
}

function optionalMember(
  entry: Record<string, unknown>,
  name: string,
  source: string,
): string | undefined {
  if (!Object.hasOwn(entry, name)) return undefined;
  const value = member(entry, name);
  if (value === undefined || value === '')
    throw new OperatorError(`${source}: ${name} must be a text that is not empty, or left out`);
  return value;
}

function member(entry: Record<string, unknown>, name: string): string | undefined {
  const value = Object.hasOwn(entry, name) ? entry[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
