import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expandPath } from '../arguments/parameter-file.js';
import { CommandError } from '../errors.js';
import type { Io } from '../io.js';
import { integerOrError } from '../python/numbers.js';
import { shellWords } from '../python/shell-words.js';
import { readConfigFile, type Section, type Sections } from './config-file.js';

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
  /** The config file alone. */
  readonly config: Profile;
  /** Where the profile's `services` section says this service is. */
  readonly serviceEndpoint: string | undefined;
  readonly paths: FilePaths;
  /** Both files' settings of another profile; undefined: there is none. */
  profileNamed(name: string): Profile | undefined;
  /** The sections `sso-session NAME`. */
  readonly sessions: Sections;
  /** Throws where the profile asked for does not exist. */
  requireProfile(): void;
}

interface FilePaths {
  /** `.aws` in the home directory. */
  readonly folder: string;
  readonly config: string;
  readonly credentials: string;
}

/** Reads the files once. They are not needed: without any, everything is simply not set. */
export function readSettings(io: Io, profileOption?: string): Settings {
  const { env } = io;
  const asked = profileOption ?? env['AWS_PROFILE'] ?? env['AWS_DEFAULT_PROFILE'];
  const name = asked ?? 'default';
  const paths = pathsOf(io);
  const files = readConfigFiles(paths);
  const profileNamed = (named: string): Profile | undefined => {
    const [config, credentials] = [files.profiles.get(named), files.credentials.get(named)];
    return config || credentials ? textsOf({ ...config, ...credentials }) : undefined;
  };
  const exists = profileNamed(name) !== undefined;
  const profile = profileNamed(name) ?? {};
  const services = files.services.get(profile['services'] ?? '')?.['rekognition'];
  return {
    env,
    profileName: exists || asked !== undefined ? name : undefined,
    profile,
    credentials: textsOf(files.credentials.get(name) ?? {}),
    config: textsOf(files.profiles.get(name) ?? {}),
    serviceEndpoint: typeof services === 'object' ? services['endpoint_url'] : undefined,
    paths,
    profileNamed,
    sessions: files.sessions,
    requireProfile: () => {
      if (asked !== undefined && !exists)
        throw new CommandError(`The config profile (${asked}) could not be found`);
    },
  };
}

interface ConfigFiles {
  readonly profiles: Sections;
  readonly services: Sections;
  readonly sessions: Sections;
  /** The credentials file: a section is a profile. */
  readonly credentials: Sections;
}

/** In the config file a profile other than `default` is a section `profile NAME`. */
function readConfigFiles(paths: FilePaths): ConfigFiles {
  const profiles = new Map<string, Section>();
  const services = new Map<string, Section>();
  const sessions = new Map<string, Section>();
  for (const [header, section] of readConfigFile(paths.config)) {
    if (header === 'default') profiles.set(header, section);
    const [kind, name, ...more] = wordsOf(header);
    if (name === undefined || more.length > 0) continue;
    if (kind === 'profile') profiles.set(name, section);
    if (kind === 'services') services.set(name, section);
    if (kind === 'sso-session') sessions.set(name, section);
  }
  return { profiles, services, sessions, credentials: readConfigFile(paths.credentials) };
}

/** Settings that are texts, without those that hold settings of their own. */
const textsOf = (section: Section): Profile =>
  Object.fromEntries(
    Object.entries(section).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );

function pathsOf({ env, cwd }: Io): FilePaths {
  const folder = join(env['HOME'] ?? homedir(), '.aws');
  const path = (variable: string, file: string): string =>
    resolve(cwd, expandPath(env[variable] ?? join(folder, file), env));
  return {
    folder,
    config: path('AWS_CONFIG_FILE', 'config'),
    credentials: path('AWS_SHARED_CREDENTIALS_FILE', 'credentials'),
  };
}

/** The words of a section's header; none where a quote is not closed. */
const wordsOf = (header: string): readonly string[] => shellWords(header) ?? [];

/** The service client's settings that come with a profile or the environment. */
export const regionOf = ({ env, profile }: Settings): string | undefined =>
  env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? profile['region'];

/** The endpoint configured for this service; undefined: none. */
export function endpointOf({ env, profile, serviceEndpoint }: Settings): string | undefined {
  const ignored =
    env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? profile['ignore_configured_endpoint_urls'];
  if (ignored?.toLowerCase() === 'true') return undefined;
  return (
    env['AWS_ENDPOINT_URL_REKOGNITION'] ??
    serviceEndpoint ??
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
  const text = env['AWS_MAX_ATTEMPTS'] ?? profile['max_attempts'];
  const attempts = text === undefined ? 3n : integerOrError(text);
  if (attempts >= 1n) return Number(attempts);
  throw new CommandError(
    `Value provided to "max_attempts": ${attempts} must be an integer greater than or equal to one.`,
  );
}

const TIMESTAMP_FORMATS = ['wire', 'iso8601'];

/** How timestamps of replies are shown. */
export function timestampFormatOf({ profile }: Settings): string {
  const format = profile['cli_timestamp_format'] ?? 'iso8601';
  if (TIMESTAMP_FORMATS.includes(format)) return format;
  throw new CommandError(
    `Unknown cli_timestamp_format value: ${format}, valid values are "wire" or "iso8601"`,
    'Configuration',
  );
}
