import { OperatorError } from '../../errors.js';
import { ADMINISTRATOR } from '../policy/policy.js';
import type { AccessKey, ConfiguredKey, Credentials } from './credentials.js';

const ACCESS_KEY_ID = /^[A-Za-z0-9_.-]{3,128}$/;
/** A signature that was overheard can be guessed against offline: AWS's own secrets have 40 characters. */
const MIN_SECRET_LENGTH = 16;

interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Empty: none. */
  readonly sessionToken: string;
}

/**
 * The key pair of the standard AWS environment variables; none when both are empty. Who starts the service
 * owns it, so this key may do everything.
 */
export function environmentKeys(pair: KeyPair, accountId: string): ConfiguredKey[] {
  const { accessKeyId, secretAccessKey, sessionToken } = pair;
  if (accessKeyId === '' && secretAccessKey === '') return [];
  checkKeyPair(pair, 'AWS_ACCESS_KEY_ID / AWS_SECRET_ACCESS_KEY');
  return [
    {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== '' && { sessionToken }),
      principalArn: `arn:aws:iam::${accountId}:user/${accessKeyId}`,
      policy: ADMINISTRATOR,
    },
  ];
}

/** OperatorError, never with the secret in it, for what cannot be an access key. */
export function checkKeyPair(
  { accessKeyId, secretAccessKey }: Pick<KeyPair, 'accessKeyId' | 'secretAccessKey'>,
  source: string,
): void {
  if (!ACCESS_KEY_ID.test(accessKeyId))
    throw new OperatorError(
      `${source}: an access key id has 3 to 128 letters, digits, dots, hyphens or underscores`,
    );
  if (secretAccessKey.length < MIN_SECRET_LENGTH)
    throw new OperatorError(
      `${source}: the secret of ${accessKeyId} must have at least ${MIN_SECRET_LENGTH} characters`,
    );
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
