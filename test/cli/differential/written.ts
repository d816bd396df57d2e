import type { ScriptedReply } from '../recorded/cases.js';
import type { Trial } from './trial.js';

interface Told {
  /** The configuration files; undefined: those of the recorded home. */
  readonly config?: string;
  readonly credentials?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Behind `list-collections`. */
  readonly args?: readonly string[];
  readonly line?: readonly string[];
  readonly responses?: readonly ScriptedReply[];
}

const KEYS =
  'aws_access_key_id = AKIDEXAMPLE1234567\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n';
const AT_HTTP = ['--endpoint-url', '${HTTP}'];
const PROCESS = `[default]\nregion = us-east-1\ncredential_process = `;
const PROCESS_OK = `printf '{"Version": 1, "AccessKeyId": "AKIDEXAMPLE1234567", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}'`;

/** Commands around configuration files, credentials, endpoints and connections, which generation does not reach. */
const TOLD: Readonly<Record<string, Told>> = {
  'no config': { config: '', credentials: KEYS },
  'config without a section': { config: 'region = us-east-1\n' },
  'config with a broken line': { config: '[default]\nregion\n' },
  'config that is not UTF-8': { config: '[default]\nregion = \u0000\n' },
  'config with a section twice': { config: '[default]\nregion = a\n[default]\nregion = b\n' },
  'config with an option twice': { config: '[default]\nregion = a\nregion = b\n' },
  'config with colons': { config: '[default]\nregion: eu-west-1\n' },
  'config with capitals': { config: '[default]\nREGION = eu-west-1\nOutput = text\n' },
  'config with comments': {
    config: '# c\n[default]\n; c\nregion = eu-west-1\n  # inside\noutput = text # behind\n',
  },
  'config with a continued value': { config: '[default]\nregion = eu-west-1\n  x\n' },
  'config with nested settings': {
    config: '[default]\nregion = eu-west-1\ns3 =\n  max_concurrent_requests = 20\n',
  },
  'config with broken nested settings': {
    config: '[default]\nregion = eu-west-1\ns3 =\n  nothing\n',
  },
  'config with defaults for all': {
    config: '[DEFAULT]\noutput = text\n[default]\nregion = eu-west-1\n',
  },
  'config with words behind a section': { config: '[default] x\nregion = eu-west-1\n' },
  'config with an indented section': {
    config: '[default]\nregion = eu-west-1\n [profile x]\noutput = text\n',
  },
  'config with a quoted profile': {
    config: '[profile "a b"]\nregion = eu-west-1\n',
    env: { AWS_PROFILE: 'a b' },
  },
  'config with an unclosed quote': {
    config: '[profile "a b]\nregion = eu-west-1\n',
    env: { AWS_PROFILE: 'a b' },
  },
  'config with profile default': { config: '[profile default]\nregion = eu-west-1\n' },
  'config with both defaults': {
    config: '[profile default]\nregion = eu-west-1\n[default]\nregion = us-west-2\n',
  },
  'config with a bare profile': { config: '[x]\nregion = eu-west-1\n', args: ['--profile', 'x'] },
  'credentials with a broken line': { credentials: '[default]\nnonsense\n' },
  'credentials with the word profile': {
    credentials: `[profile x]\n${KEYS}`,
    config: '[profile x]\nregion = us-east-1\n',
    args: ['--profile', 'x'],
  },
  'credentials win over config': {
    config: `[default]\nregion = us-east-1\n${KEYS.replace('AKID', 'WRONG')}`,
  },
  'keys in config': { config: `[default]\nregion = us-east-1\n${KEYS}`, credentials: '' },
  'half of the keys in credentials': { credentials: '[default]\naws_access_key_id = A\n' },
  'half of the keys in config': {
    config: '[default]\nregion = us-east-1\naws_access_key_id = A\n',
    credentials: '',
  },
  'only a secret in credentials': { credentials: '[default]\naws_secret_access_key = A\n' },
  'credentials with a region': {
    config: '',
    credentials: `[default]\nregion = eu-west-1\n${KEYS}`,
  },
  'half of the keys in the environment': { env: { AWS_ACCESS_KEY_ID: 'A' } },
  'only a secret in the environment': { env: { AWS_SECRET_ACCESS_KEY: 'A' } },
  'a session token in the environment': {
    env: {
      AWS_ACCESS_KEY_ID: 'ASIATEMPEXAMPLE123',
      AWS_SECRET_ACCESS_KEY: 'tempSecretKey0123456789abcdef',
      AWS_SESSION_TOKEN: 'FwoGZXIvYXdzEXAMPLETOKEN',
    },
  },
  'an old session token in the environment': {
    env: {
      AWS_ACCESS_KEY_ID: 'ASIATEMPEXAMPLE123',
      AWS_SECRET_ACCESS_KEY: 'tempSecretKey0123456789abcdef',
      AWS_SECURITY_TOKEN: 'FwoGZXIvYXdzEXAMPLETOKEN',
    },
  },
  'a profile beats keys in the environment': {
    env: { AWS_ACCESS_KEY_ID: 'WRONG', AWS_SECRET_ACCESS_KEY: 'x' },
    args: ['--profile', 'alt'],
  },
  'keys in the environment beat a profile there': {
    env: { AWS_ACCESS_KEY_ID: 'WRONG', AWS_SECRET_ACCESS_KEY: 'x', AWS_PROFILE: 'alt' },
  },
  'two profiles in the environment': { env: { AWS_PROFILE: 'alt', AWS_DEFAULT_PROFILE: 'endp' } },
  'an old profile in the environment': { env: { AWS_DEFAULT_PROFILE: 'alt' } },
  'an empty profile in the environment': { env: { AWS_PROFILE: '' } },
  'an empty profile as an option, and no region': { args: ['--profile', ''] },
  'a profile without region and keys': {
    config: '[profile x]\noutput = text\n',
    args: ['--profile', 'x'],
  },
  'two regions in the environment': {
    env: { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-west-2' },
  },
  'an old region in the environment': { env: { AWS_DEFAULT_REGION: 'us-west-2' } },
  'an output of a profile that is none': {
    config: '[default]\nregion = us-east-1\noutput = nope\n',
  },
  'an output in the environment': { env: { AWS_DEFAULT_OUTPUT: 'yaml' } },
  'a binary format of a profile that is none': {
    config: '[default]\nregion = us-east-1\ncli_binary_format = nope\n',
  },
  'a timestamp format of a profile that is none': {
    config: '[default]\nregion = us-east-1\ncli_timestamp_format = nope\n',
    line: ['describe-collection', '--collection-id', 'c'],
    responses: [{ body: '{"CreationTimestamp": 1533422155.042}' }],
  },
  'max attempts that is no number': { env: { AWS_MAX_ATTEMPTS: 'x' } },
  'max attempts of zero': { env: { AWS_MAX_ATTEMPTS: '0' } },
  'max attempts below zero': { env: { AWS_MAX_ATTEMPTS: '-1' } },
  'max attempts of a profile': {
    config: '[default]\nregion = us-east-1\nmax_attempts = x\n',
    env: {},
  },
  'retry mode of a profile': { config: '[default]\nregion = us-east-1\nretry_mode = nope\n' },
  'retry mode in capitals': { env: { AWS_RETRY_MODE: 'STANDARD' } },
  'an empty retry mode': { env: { AWS_RETRY_MODE: '' } },
  'a process for the keys': { config: `${PROCESS}${PROCESS_OK}\n`, credentials: '' },
  'a process that fails': { config: `${PROCESS}sh -c "echo no >&2; exit 3"\n`, credentials: '' },
  'a process of another version': {
    config: `${PROCESS}printf '{"Version": 2}'\n`,
    credentials: '',
  },
  'a process without a secret': {
    config: `${PROCESS}printf '{"Version": 1, "AccessKeyId": "A"}'\n`,
    credentials: '',
  },
  'a process that prints no JSON': { config: `${PROCESS}printf 'no'\n`, credentials: '' },
  'a process that is not there': { config: `${PROCESS}/no/such/program\n`, credentials: '' },
  'a process behind keys in credentials': { config: `${PROCESS}/no/such/program\n` },
  'an expired process': {
    config: `${PROCESS}printf '{"Version": 1, "AccessKeyId": "AKIDEXAMPLE1234567", "SecretAccessKey": "s", "Expiration": "2001-01-01T00:00:00Z"}'\n`,
    credentials: '',
  },
  'a role without a source': {
    config: '[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/x\n',
  },
  'a role with a missing source': {
    config:
      '[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = nope\n',
  },
  'a role with a source without keys': {
    config:
      '[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = y\n[profile y]\nregion = us-east-1\n',
  },
  'a role with two sources': {
    config:
      '[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = y\ncredential_source = Environment\n[profile y]\nregion = us-east-1\n',
  },
  'a role with an unknown source': {
    config:
      '[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/x\ncredential_source = Moon\n',
  },
  'a role with keys of the environment, which are not there': {
    config:
      '[default]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/x\ncredential_source = Environment\n',
    credentials: '',
  },
  'a role that is its own source': {
    config:
      '[profile a]\nregion = us-east-1\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::123456789012:role/y\nsource_profile = a\n',
    credentials: '',
    args: ['--profile', 'a'],
  },
  'a token file that is not there': {
    credentials: '',
    env: {
      AWS_WEB_IDENTITY_TOKEN_FILE: '/no/such/file',
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/x',
    },
  },
  'a token file without a role': {
    credentials: '',
    env: { AWS_WEB_IDENTITY_TOKEN_FILE: '/no/such/file' },
  },
  'sso that is not whole': {
    config: '[default]\nregion = us-east-1\nsso_start_url = https://x\n',
    credentials: '',
  },
  'sso without a token': {
    config:
      '[default]\nregion = us-east-1\nsso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n',
    credentials: '',
  },
  'sso session that is not there': {
    config:
      '[default]\nregion = us-east-1\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n',
    credentials: '',
  },
  'container keys that cannot be had': {
    credentials: '',
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/x' },
  },
  'a path in the URL': { args: ['--endpoint-url', '${HTTP}/a%20b/%7Ec/d'] },
  'a query in the URL': { args: ['--endpoint-url', '${HTTP}/?x=1&a=b'] },
  'a user in the URL': { args: ['--endpoint-url', 'http://u:p@${HTTP_HOST}/'] },
  'a URL in capitals': { args: ['--endpoint-url', 'HTTP://${HTTP_HOST}'] },
  'a URL without a host': { args: ['--endpoint-url', 'http://'] },
  'a URL without a host but a port': { args: ['--endpoint-url', 'http://:80'] },
  'a URL with a bad port': { args: ['--endpoint-url', 'http://127.0.0.1:99999'] },
  'a URL with a bad host': { args: ['--endpoint-url', 'http://a_b c'] },
  'a URL with blanks': { args: ['--endpoint-url', ' ${HTTP}'] },
  'a URL of a mail': { args: ['--endpoint-url', 'mailto:x'] },
  'a port that nobody listens on': { args: ['--endpoint-url', 'http://127.0.0.1:9'] },
  'a reply that is cut': { responses: [{ drop: true }] },
  'TLS that is not trusted': { args: ['--endpoint-url', '${HTTPS}'] },
  'TLS that is trusted': { args: ['--endpoint-url', '${HTTPS}', '--ca-bundle', '${CERT}'] },
  'TLS that is trusted by the environment': {
    args: ['--endpoint-url', '${HTTPS}'],
    env: { AWS_CA_BUNDLE: '${CERT}' },
  },
  'TLS that is trusted by the profile': {
    args: ['--endpoint-url', '${HTTPS}'],
    config: '[default]\nregion = us-east-1\nca_bundle = ${CERT}\n',
  },
  'TLS that is trusted by requests': {
    args: ['--endpoint-url', '${HTTPS}'],
    env: { REQUESTS_CA_BUNDLE: '${CERT}' },
  },
  'TLS with a bundle that is not there': {
    args: ['--endpoint-url', '${HTTPS}', '--ca-bundle', '/no/such'],
  },
  'TLS with a bundle that is none': {
    args: ['--endpoint-url', '${HTTPS}', '--ca-bundle', 'cid.txt'],
  },
  'TLS where there is none': { args: ['--endpoint-url', 'https://${HTTP_HOST}'] },
  'a proxy': {
    args: ['--endpoint-url', 'http://rekognition.example'],
    env: { HTTP_PROXY: '${HTTP}' },
  },
  'a proxy in small letters': {
    args: ['--endpoint-url', 'http://rekognition.example/x'],
    env: { http_proxy: '${HTTP}' },
  },
  'a proxy without a scheme': {
    args: ['--endpoint-url', 'http://rekognition.example'],
    env: { HTTP_PROXY: '${HTTP_HOST}' },
  },
  'a proxy for all': {
    args: ['--endpoint-url', 'http://rekognition.example'],
    env: { ALL_PROXY: '${HTTP}' },
  },
  'a proxy but not here': { env: { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' } },
  'a proxy but nowhere': { env: { HTTP_PROXY: 'http://127.0.0.1:9', NO_PROXY: '*' } },
  'a proxy but not in a domain': {
    args: ['--endpoint-url', 'http://a.example'],
    env: { HTTP_PROXY: '${HTTP}', NO_PROXY: '.example' },
  },
  'a proxy that is not there': { env: { HTTP_PROXY: 'http://127.0.0.1:9' } },
  'a proxy for TLS that is not there': {
    args: ['--endpoint-url', '${HTTPS}'],
    env: { HTTPS_PROXY: 'http://127.0.0.1:9' },
  },
  'a proxy that refuses': { args: ['--endpoint-url', '${HTTPS}'], env: { HTTPS_PROXY: '${HTTP}' } },
  'a config file by its name': { env: { AWS_CONFIG_FILE: '/no/such' } },
  'no command': { line: [] },
  'no such command': { line: ['nope'] },
  'a command in capitals': { line: ['LIST-COLLECTIONS'] },
  'an option before the command': { line: ['--output', 'text', 'list-collections'] },
  'an ambiguous option': { args: ['--cli-'] },
  'an ambiguous option of the operation': { line: ['list-faces', '--max', '1'] },
  'an option with an empty value': { args: ['--output='] },
  'a flag with a value': { args: ['--no-paginate=1'] },
  'an unknown option with a value': { args: ['--nope=1'] },
  'help among options': { line: ['list-faces', '--collection-id', 'help'] },
};

export const WRITTEN: readonly Trial[] = Object.entries(TOLD).map(
  (
    [name, { config, credentials, env = {}, args = [], line = ['list-collections'], responses }],
    index,
  ) => ({
    name,
    argv: [
      'aws',
      'rekognition',
      ...line,
      ...args,
      ...(args.includes('--endpoint-url') ? [] : AT_HTTP),
    ],
    env: {
      AWS_MAX_ATTEMPTS: '1',
      ...(config !== undefined && { AWS_CONFIG_FILE: `\${FILES}/config-${index}` }),
      ...(credentials !== undefined && {
        AWS_SHARED_CREDENTIALS_FILE: `\${FILES}/credentials-${index}`,
      }),
      ...env,
    },
    responses: responses ?? [{ body: '{"CollectionIds": ["c"], "FaceModelVersions": ["1.0"]}' }],
    files: {
      ...(config !== undefined && { [`config-${index}`]: config }),
      ...(credentials !== undefined && { [`credentials-${index}`]: credentials }),
    },
  }),
);
