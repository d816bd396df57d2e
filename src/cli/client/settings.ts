import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expandPath } from '../arguments/parameter-file.js';
import { CommandError } from '../errors.js';
import type { Io } from '../io.js';
import { integerOrError } from '../python/numbers.js';

/** Settings of one profile: names and values as they stand in the AWS configuration files. */
export type Profile = Readonly<Record<string, string | undefined>>;

/** What the environment and the AWS configuration files say. */
export interface Settings {
  readonly env: Io['env'];
  /** The profile asked for; undefined where none was and there is no `default`. */
  readonly profileName: string | undefined;
  /** Config and credentials files of that profile together; empty where it does not exist. */
  readonly profile: Profile;
  /** The credentials file alone, whose keys win. */
  readonly credentials: Profile;
  readonly services: Profile;
  readonly paths: FilePaths;
  /** Throws where the profile asked for does not exist. */
  requireProfile(): void;
}

interface FilePaths {
  readonly config: string;
  readonly credentials: string;
}

/** Reads the files once. They are not needed: without any, everything is simply not set. */
export async function readSettings(io: Io, profileOption?: string): Promise<Settings> {
  const { env } = io;
  const asked = profileOption ?? env['AWS_PROFILE'] ?? env['AWS_DEFAULT_PROFILE'];
  const name = asked ?? 'default';
  const paths = pathsOf(io);
  const { configFile, credentialsFile } = await load(paths);
  const config = configFile[name];
  const credentials = credentialsFile[name];
  const exists = config !== undefined || credentials !== undefined;
  const services = config?.['services'];
  return {
    env,
    profileName: exists || asked !== undefined ? name : undefined,
    profile: { ...config, ...credentials },
    credentials: credentials ?? {},
    services: (services === undefined ? undefined : configFile[`services.${services}`]) ?? {},
    paths,
    requireProfile: () => {
      if (asked !== undefined && !exists)
        throw new CommandError(`The config profile (${asked}) could not be found`);
    },
  };
}

function pathsOf({ env, cwd }: Io): FilePaths {
  const folder = join(env['HOME'] ?? homedir(), '.aws');
  const path = (variable: string, file: string): string =>
    resolve(cwd, expandPath(env[variable] ?? join(folder, file), env));
  return {
    config: path('AWS_CONFIG_FILE', 'config'),
    credentials: path('AWS_SHARED_CREDENTIALS_FILE', 'credentials'),
  };
}

type Profiles = Readonly<Record<string, Profile | undefined>>;

/** The parser is loaded only where there is something to parse: most users of a local service have no such file. */
async function load(
  paths: FilePaths,
): Promise<{ configFile: Profiles; credentialsFile: Profiles }> {
  if (!existsSync(paths.config) && !existsSync(paths.credentials))
    return { configFile: {}, credentialsFile: {} };
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  return loadSharedConfigFiles({
    filepath: paths.credentials,
    configFilepath: paths.config,
    ignoreCache: true,
  });
}

/** The service client's settings that come with a profile or the environment. */
export const regionOf = ({ env, profile }: Settings): string | undefined =>
  env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || profile['region'];

/** The endpoint configured for this service; undefined: none. */
export function endpointOf({ env, profile, services }: Settings): string | undefined {
  const ignored =
    env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? profile['ignore_configured_endpoint_urls'];
  if (ignored?.toLowerCase() === 'true') return undefined;
  return (
    env['AWS_ENDPOINT_URL_REKOGNITION'] ??
    services['rekognition.endpoint_url'] ??
    env['AWS_ENDPOINT_URL'] ??
    profile['endpoint_url']
  );
}

const RETRY_MODES = ['standard', 'adaptive'];

/** How often a request is tried in all. */
export function maxAttemptsOf({ env, profile }: Settings): number {
  const mode = env['AWS_RETRY_MODE'] ?? profile['retry_mode'];
  if (mode !== undefined && !RETRY_MODES.includes(mode))
    throw new CommandError(
      `Invalid value provided to "mode": "${mode}" must be one of: "standard" or "adaptive"`,
    );
  const attempts = env['AWS_MAX_ATTEMPTS'] ?? profile['max_attempts'];
  return attempts === undefined ? 3 : Number(integerOrError(attempts));
}
