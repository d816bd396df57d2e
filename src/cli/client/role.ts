import { CommandError } from '../errors.js';
import { textRepr } from '../python/repr.js';
import type { Profile, Settings } from './settings.js';

/** Where `credential_source` may say that a role's keys come from. */
const SOURCES = ['Environment', 'Ec2InstanceMetadata', 'EcsContainer'];

/** True for a profile whose keys are those of a role it assumes. */
export const assumesRole = (profile: Profile): boolean =>
  profile['role_arn'] !== undefined && profile['web_identity_token_file'] === undefined;

/** Checks the profiles a role is assumed through, before anybody is asked for it. */
export function checkRole(settings: Settings): void {
  const visited: string[] = [];
  let name = settings.profileName ?? 'default';
  for (;;) {
    visited.push(name);
    const profile = settings.profileNamed(name) ?? {};
    if (!assumesRole(profile)) return requireKeys(name, profile);
    const source = sourceOf(name, profile, settings);
    if (source === undefined) return;
    const next = settings.profileNamed(source);
    if (next === undefined)
      throw invalid(
        `The source_profile "${source}" referenced in the profile "${name}" does not exist.`,
      );
    if (hasStaticKeys(next)) return;
    if (visited.includes(source))
      throw invalid(
        `Infinite loop in credential configuration detected. Attempting to load from profile ${source} which has already been visited. Visited profiles: [${visited.map(textRepr).join(', ')}]`,
      );
    name = source;
  }
}

/** The profile whose keys assume the role; undefined where they come from somewhere else. */
function sourceOf(name: string, profile: Profile, { env }: Settings): string | undefined {
  const source = profile['source_profile'];
  const elsewhere = profile['credential_source'];
  if (source !== undefined && elsewhere !== undefined)
    throw invalid(`The profile "${name}" contains both source_profile and credential_source.`);
  if (source !== undefined) return source;
  if (elsewhere === undefined)
    throw new CommandError(
      'Partial credentials found in assume-role, missing: source_profile or credential_source',
    );
  if (!SOURCES.includes(elsewhere))
    throw invalid(
      `The credential source "${elsewhere}" referenced in profile "${name}" is not valid.`,
    );
  if (elsewhere === 'Environment' && !env['AWS_ACCESS_KEY_ID'])
    throw new CommandError(
      `Error when retrieving credentials from ${elsewhere}: No credentials found in credential_source referenced in profile ${name}`,
    );
  return undefined;
}

const hasStaticKeys = (profile: Profile): boolean =>
  profile['aws_access_key_id'] !== undefined || profile['aws_secret_access_key'] !== undefined;

/** Ways besides keys in the files in which a source profile may have some. */
const OTHER_WAYS = [
  'web_identity_token_file',
  'credential_process',
  'sso_account_id',
  'login_session',
];

function requireKeys(name: string, profile: Profile): void {
  if (hasStaticKeys(profile) || OTHER_WAYS.some((way) => profile[way] !== undefined)) return;
  throw invalid(`The source profile "${name}" must have credentials.`);
}

const invalid = (message: string): CommandError => new CommandError(message);
