import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '../debug-log.js';
import { CommandError } from '../errors.js';
import { textRepr } from '../python/repr.js';
import { assumesRole, checkRole } from './role.js';
import type { Settings } from './settings.js';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const LOGGER = 'botocore.credentials';

/** What a profile has that gets its keys from the AWS SDK's sign-in, and from a token of a web identity. */
const SIGN_IN = ['sso_account_id', 'sso_role_name', 'login_session'];
const CONTAINER = ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'];

/**
 * Keys from where the AWS CLI looks for them, in its order: the environment (not where a profile was asked
 * for), a role, a web identity, a sign-in, the credentials file, a process, the config file, the container. Roles,
 * identities, sign-ins and containers go through the AWS SDK.
 */
export async function findKeys(
  settings: Settings,
  profileOption: string | undefined,
  log: Log,
): Promise<Keys | undefined> {
  const isAsked = profileOption !== undefined;
  const look = (via: string): void => log(LOGGER, `Looking for credentials via: ${via}`);
  const foundIn = <T>(keys: T, place: string): T => {
    log(LOGGER, place, 'INFO');
    return keys;
  };
  if (!isAsked) look('env');
  const own = isAsked ? undefined : environmentKeys(settings);
  if (own) return foundIn(own, 'Found credentials in environment variables.');
  settings.requireProfile();
  const { env, profile, credentials, config, paths } = settings;
  look('assume-role');
  if (assumesRole(profile)) {
    checkRole(settings);
    return fetchKeys(settings);
  }
  look('assume-role-with-web-identity');
  const identity = isAsked ? undefined : env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  if (identity ?? profile['web_identity_token_file']) return fetchIdentityKeys(settings, isAsked);
  look('sso');
  if (SIGN_IN.some((name) => profile[name] !== undefined)) {
    checkSignIn(settings);
    return fetchKeys(settings);
  }
  look('shared-credentials-file');
  const stored = profileKeys(credentials, 'shared-credentials-file');
  if (stored)
    return foundIn(stored, `Found credentials in shared credentials file: ${paths.credentials}`);
  look('custom-process');
  const command = profile['credential_process'];
  if (command !== undefined)
    return (await import('./key-process.js')).keysFromProcess(command, env);
  look('config-file');
  const configured = profileKeys(config, 'config-file');
  if (configured) return foundIn(configured, `Credentials found in config file: ${paths.config}`);
  look('container-role');
  if (!CONTAINER.some((name) => env[name] !== undefined)) return undefined;
  checkContainer(env['AWS_CONTAINER_CREDENTIALS_FULL_URI']);
  return fetchKeys(settings);
}

function fetchIdentityKeys(settings: Settings, isAsked: boolean): Promise<Keys> {
  const { env, profile } = settings;
  const role = (isAsked ? undefined : env['AWS_ROLE_ARN']) ?? profile['role_arn'];
  if (!role)
    throw new CommandError(
      'The provided profile or the current environment is configured to assume role with web identity but has no role ARN configured. Ensure that the profile has the role_arnconfiguration set or the AWS_ROLE_ARN env var is set.',
    );
  const file =
    (isAsked ? undefined : env['AWS_WEB_IDENTITY_TOKEN_FILE']) ??
    profile['web_identity_token_file'] ??
    '';
  if (!existsSync(file))
    throw new CommandError(`[Errno 2] No such file or directory: ${textRepr(file)}`);
  return fetchKeys(settings);
}

/** A sign-in leaves its token in a file named by a digest of the session's name or start URL. */
function checkSignIn({ profile, paths, sessions }: Settings): void {
  const { sso_session: session, sso_start_url: startUrl } = profile;
  if (session !== undefined && !sessions.has(session))
    throw new CommandError(`The specified sso-session does not exist: "${session}"`);
  const name = session ?? startUrl;
  if (name === undefined) return;
  const digest = createHash('sha1').update(name).digest('hex');
  if (!existsSync(join(paths.folder, 'sso/cache', `${digest}.json`)))
    throw new CommandError(`Error loading SSO Token: Token for ${name} does not exist`);
}

/** Hosts that may hand out a container's keys besides this machine. */
const CONTAINER_HOSTS = ['169.254.170.2', '169.254.170.23', 'fd00:ec2::23', 'localhost'];

function checkContainer(uri: string | undefined): void {
  if (uri === undefined || !URL.canParse(uri)) return;
  const { protocol, hostname } = new URL(uri);
  const host = hostname.replace(/^\[|\]$/g, '');
  const isHere = host === '::1' || host.startsWith('127.');
  if (protocol === 'https:' || isHere || CONTAINER_HOSTS.includes(host)) return;
  throw new CommandError(
    `Unsupported host '${host}'.  Can only retrieve metadata from a loopback address or one of these hosts: ${CONTAINER_HOSTS.join(', ')}`,
  );
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
