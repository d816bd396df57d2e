import { OperatorError } from '../errors.js';
import { parsePolicy } from '../protocol/policy/parse-policy.js';
import type { Policy } from '../protocol/policy/policy.js';

/** One access key as the file keeps it. */
export interface KeyEntry {
  readonly accessKeyId: string;
  /** Name of the principal it speaks for. */
  readonly principal: string;
  /** The secret, encrypted under the master key. */
  readonly sealed: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** ISO 8601; the key is refused from then on. */
  readonly expiresAt?: string;
}

/** The keys file: people edit the policies, `likeness keys` makes the keys. */
export interface KeysFile {
  /** Principals by name, each with an IAM policy document. */
  readonly principals: Readonly<Record<string, { readonly policy: unknown }>>;
  readonly keys: readonly KeyEntry[];
}

export const EMPTY: KeysFile = { principals: {}, keys: [] };
export const MAX_KEYS = 10_000;
const VERSION = 1;

const PRINCIPAL = /^[A-Za-z0-9_+=,.@-]{1,64}$/;
const ACCESS_KEY_ID = /^[A-Za-z0-9_.-]{3,128}$/;
const MEMBERS = ['version', 'principals', 'keys'];
const KEY_MEMBERS = ['accessKeyId', 'principal', 'sealed', 'createdAt', 'expiresAt'];

/** The name of a principal, as IAM takes user names. */
export const isPrincipalName = (name: string): boolean => PRINCIPAL.test(name);
export const isAccessKeyId = (id: string): boolean => ACCESS_KEY_ID.test(id);

export const printKeysFile = ({ principals, keys }: KeysFile): string =>
  `${JSON.stringify({ version: VERSION, principals, keys }, null, 2)}\n`;

/** Parses a keys file; OperatorError begins with `source` and names the entry, never a secret. */
export function parseKeysFile(text: string, source: string): KeysFile {
  const fail = (fault: string): never => {
    throw new OperatorError(`Keys file ${source}: ${fault}`);
  };
  const file = parseJson(text, fail);
  if (!isObject(file) || !Array.isArray(file['keys']))
    return fail('expected {"version":1,"principals":{…},"keys":[…]}');
  const entries: unknown[] = file['keys'];
  const plain = entries.find((entry) => isObject(entry) && Object.hasOwn(entry, 'secretAccessKey'));
  if (isObject(plain))
    return fail(
      `${shown(plain['accessKeyId'])} has its secret in plain text, which is no longer taken: bring it into a new file with \`likeness keys create NAME --access-key-id ID --secret-stdin\`, which encrypts it`,
    );
  if (file['version'] !== VERSION)
    return fail(`version must be ${VERSION}, got ${shown(file['version'])}`);
  refuseOthers(file, MEMBERS, fail);
  if (!isObject(file['principals'])) return fail('principals must be an object');
  if (entries.length > MAX_KEYS)
    return fail(`has ${entries.length} keys, at most ${MAX_KEYS} are taken`);
  const principals = file['principals'];
  for (const [name, principal] of Object.entries(principals)) checkPrincipal(name, principal, fail);
  const keys = entries.map((entry, i) =>
    parseKey(entry, principals, (fault) => fail(`key ${i + 1}: ${fault}`)),
  );
  requireDistinct(keys, fail);
  return { principals: principals as KeysFile['principals'], keys };
}

/** The policies by principal. The file was parsed, so each is well formed. */
export const policiesOf = ({ principals }: KeysFile): Map<string, Policy> =>
  new Map(
    Object.entries(principals).map(([name, { policy }]) => [name, parsePolicy(policy, name)]),
  );

type Fail = (fault: string) => never;

function parseJson(text: string, fail: Fail): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail('not valid JSON');
  }
}

function checkPrincipal(name: string, principal: unknown, fail: Fail): void {
  if (!isPrincipalName(name))
    fail(
      `principal ${shown(name)}: a name has 1 to 64 letters, digits or _+=,.@- and nothing else`,
    );
  if (!isObject(principal) || !Object.hasOwn(principal, 'policy'))
    return fail(`principal ${name}: expected {"policy":{…}}`);
  refuseOthers(principal, ['policy'], (fault) => fail(`principal ${name}: ${fault}`));
  try {
    parsePolicy(principal['policy'], `policy of ${name}`);
  } catch (error) {
    fail((error as Error).message);
  }
}

function parseKey(entry: unknown, principals: Record<string, unknown>, fail: Fail): KeyEntry {
  if (!isObject(entry)) return fail('expected an object');
  refuseOthers(entry, KEY_MEMBERS, fail);
  const { accessKeyId, principal, sealed, createdAt, expiresAt } = entry;
  if (typeof accessKeyId !== 'string' || !isAccessKeyId(accessKeyId))
    return fail('accessKeyId must be 3 to 128 letters, digits, dots, hyphens or underscores');
  if (typeof principal !== 'string' || !Object.hasOwn(principals, principal))
    return fail(`principal of ${accessKeyId} must be one of the file's principals`);
  if (typeof sealed !== 'string') return fail(`sealed of ${accessKeyId} must be a text`);
  for (const [name, time] of Object.entries({ createdAt, expiresAt }))
    if (!(name === 'expiresAt' && time === undefined) && !isTime(time))
      fail(`${name} of ${accessKeyId} must be an ISO 8601 time`);
  return entry as unknown as KeyEntry;
}

function requireDistinct(keys: readonly KeyEntry[], fail: Fail): void {
  const seen = new Set<string>();
  for (const { accessKeyId } of keys) {
    if (seen.has(accessKeyId)) fail(`access key ${accessKeyId} stands there twice`);
    seen.add(accessKeyId);
  }
}

function refuseOthers(
  value: Record<string, unknown>,
  members: readonly string[],
  fail: Fail,
): void {
  const other = Object.keys(value).find((name) => !members.includes(name));
  if (other !== undefined) fail(`unknown member ${shown(other)}; known are ${members.join(', ')}`);
}

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value));

const shown = (value: unknown): string => JSON.stringify(value ?? null);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
