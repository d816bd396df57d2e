import { CommandError } from '../errors.js';
import type { Settings } from './settings.js';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Settings of a profile for which keys have to be fetched from somewhere. */
const FETCHED = [
  'role_arn',
  'credential_process',
  'sso_session',
  'sso_account_id',
  'sso_start_url',
  'web_identity_token_file',
  'login_session',
];
const FETCHED_BY_ENVIRONMENT = [
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/**
 * Keys from where the AWS CLI looks for them: the environment (not where a profile was asked for), the
 * credentials file, the config file; roles, processes, SSO and container credentials through the AWS SDK.
 */
export async function findKeys(
  settings: Settings,
  profileOption: string | undefined,
): Promise<Keys | undefined> {
  if (profileOption === undefined) {
    const keys = environmentKeys(settings);
    if (keys) return keys;
  }
  settings.requireProfile();
  const { env, profile, credentials, profileName } = settings;
  if (FETCHED.some((name) => profile[name] !== undefined)) return fetchKeys(settings);
  const stored =
    profileKeys(credentials, 'shared-credentials-file') ?? profileKeys(profile, 'config-file');
  if (stored) return stored;
  const fetches = FETCHED_BY_ENVIRONMENT.some((name) => env[name] !== undefined);
  return fetches && profileName !== undefined ? fetchKeys(settings) : undefined;
}

function environmentKeys({ env }: Settings): Keys | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId) return undefined;
  if (!secretAccessKey) throw partial('env', 'AWS_SECRET_ACCESS_KEY');
  const sessionToken = env['AWS_SESSION_TOKEN'] || env['AWS_SECURITY_TOKEN'];
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

function profileKeys(profile: Settings['profile'], where: string): Keys | undefined {
  const accessKeyId = profile['aws_access_key_id'];
  const secretAccessKey = profile['aws_secret_access_key'];
  if (!accessKeyId) return undefined;
  if (!secretAccessKey) throw partial(where, 'aws_secret_access_key');
  const sessionToken = profile['aws_session_token'] || profile['aws_security_token'];
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

const partial = (where: string, missing: string): CommandError =>
  new CommandError(`Partial credentials found in ${where}, missing: ${missing}`);

async function fetchKeys({ paths, profileName }: Settings): Promise<Keys> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  try {
    return await defaultProvider({
      ...(profileName !== undefined && { profile: profileName }),
      filepath: paths.credentials,
      configFilepath: paths.config,
    })();
  } catch (cause) {
    throw new CommandError((cause as Error).message, undefined, { cause });
  }
}

/**
 * The first key of the service on this machine, if this user may read its two key files. Undefined where
 * it has none: then it takes unsigned requests.
 */
export async function localKeys(env: Settings['env']): Promise<Keys | undefined> {
  const keysFile = env['LIKENESS_KEYS_FILE'];
  const masterKeyFile = env['LIKENESS_MASTER_KEY_FILE'];
  if (!keysFile || !masterKeyFile) return undefined;
  const { loadKeys } = await import('../../keys/load-keys.js');
  try {
    const now = Date.now();
    return loadKeys({ keysFile, masterKeyFile }, LOCAL_ACCOUNT).find(
      ({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > now,
    );
  } catch (cause) {
    throw new CommandError((cause as Error).message, undefined, { cause });
  }
}

/** Plays no part in signing. */
const LOCAL_ACCOUNT = '000000000000';
