import { OperatorError } from '../errors.js';
import { parsePolicy } from '../protocol/policy/parse-policy.js';
import { checkKeyPair } from '../protocol/sigv4/keys.js';
import type { Edit } from './edit-keys.js';
import { isPrincipalName, type KeyEntry, type KeysFile, MAX_KEYS } from './keys-file.js';
import type { MasterKey, Secret } from './master-key.js';

/** What making keys needs from outside. */
export interface KeyMaker {
  readonly master: MasterKey;
  readonly nowMs: number;
  /** So many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

/** A key as its owner sees it, once. */
export interface NewKey extends Secret {
  readonly accessKeyId: string;
  readonly principal: string;
  readonly expiresAt?: string;
}

export interface CreateRequest {
  readonly principal: string;
  /** An IAM policy document; for a new principal only. */
  readonly policy?: unknown;
  /** A key pair that clients have already; absent: a new one. */
  readonly pair?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** A temporary key with a session token, for so long. */
  readonly temporaryMs?: number;
}

export interface KeySummary {
  readonly accessKeyId: string;
  readonly principal: string;
  readonly createdAt: string;
  /** Empty: never. */
  readonly expiresAt: string;
  readonly status: 'active' | 'expired';
}

/** IAM policy that allows everything this service does. */
export const ADMINISTRATOR_DOCUMENT = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'rekognition:*', Resource: '*' }],
} as const;

/** Ids that nobody mistakes for keys of AWS, whose begin with AKIA and ASIA. */
const ID_PREFIX = { lasting: 'LKIA', temporary: 'LSIA' } as const;
const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ID_LENGTH = 16;
/** 40 characters of base64, as AWS's. */
const SECRET_BYTES = 30;
const TOKEN_BYTES = 48;

/** Adds a key for a principal, and the principal with its policy where it is new. */
export function createKey(file: KeysFile, request: CreateRequest, maker: KeyMaker): Edit<NewKey> {
  const { principal, pair, temporaryMs } = request;
  const principals = principalsWith(file, request);
  const secret: Secret = {
    secretAccessKey: pair?.secretAccessKey ?? base64(maker.random(SECRET_BYTES)),
    ...(temporaryMs !== undefined && { sessionToken: base64(maker.random(TOKEN_BYTES)) }),
  };
  const prefix = temporaryMs === undefined ? ID_PREFIX.lasting : ID_PREFIX.temporary;
  const accessKeyId = pair?.accessKeyId ?? newAccessKeyId(prefix, maker);
  checkKeyPair({ accessKeyId, ...secret }, 'The key');
  if (file.keys.some((entry) => entry.accessKeyId === accessKeyId))
    throw new OperatorError(`There is a key ${accessKeyId} already: revoke it first`);
  if (file.keys.length >= MAX_KEYS)
    throw new OperatorError(`There are ${MAX_KEYS} keys, and no more are taken: revoke some`);
  const entry: KeyEntry = {
    accessKeyId,
    principal,
    sealed: maker.master.seal(secret, { accessKeyId, principal }),
    createdAt: isoTime(maker.nowMs),
    ...(temporaryMs !== undefined && { expiresAt: isoTime(maker.nowMs + temporaryMs) }),
  };
  const { expiresAt } = entry;
  return {
    file: { principals, keys: [...file.keys, entry] },
    result: { ...secret, accessKeyId, principal, ...(expiresAt !== undefined && { expiresAt }) },
  };
}

/** A new key for the same principal; the old one is good for `graceMs` more, or gone at once with 0. */
export function rotateKey(
  file: KeysFile,
  request: { accessKeyId: string; graceMs: number },
  maker: KeyMaker,
): Edit<NewKey> {
  const old = requireKey(file, request.accessKeyId);
  const { graceMs } = request;
  if (old.expiresAt !== undefined)
    throw new OperatorError(
      `${old.accessKeyId} expires at ${old.expiresAt} by itself: make a new key instead`,
    );
  const others = file.keys.filter((entry) => entry !== old);
  const keys =
    graceMs === 0 ? others : [...others, { ...old, expiresAt: isoTime(maker.nowMs + graceMs) }];
  return createKey({ ...file, keys }, { principal: old.principal }, maker);
}

/** Takes one key away; its principal and the policy stay. */
export function revokeKey(file: KeysFile, accessKeyId: string): Edit<readonly string[]> {
  const key = requireKey(file, accessKeyId);
  return {
    file: { ...file, keys: file.keys.filter((entry) => entry !== key) },
    result: [accessKeyId],
  };
}

/** Takes a principal away, with its policy and all its keys. */
export function revokePrincipal(file: KeysFile, principal: string): Edit<readonly string[]> {
  if (!Object.hasOwn(file.principals, principal))
    throw new OperatorError(`There is no principal ${JSON.stringify(principal)}`);
  const of = (entry: KeyEntry): boolean => entry.principal === principal;
  return {
    file: {
      principals: Object.fromEntries(
        Object.entries(file.principals).filter(([name]) => name !== principal),
      ),
      keys: file.keys.filter((entry) => !of(entry)),
    },
    result: file.keys.filter(of).map(({ accessKeyId }) => accessKeyId),
  };
}

/** Every key without its secret, in the order they were made. */
export const listKeys = ({ keys }: KeysFile, nowMs: number): KeySummary[] =>
  keys.map(({ accessKeyId, principal, createdAt, expiresAt = '' }) => ({
    accessKeyId,
    principal,
    createdAt,
    expiresAt,
    status: expiresAt !== '' && Date.parse(expiresAt) <= nowMs ? 'expired' : 'active',
  }));

function principalsWith(
  { principals }: KeysFile,
  { principal, policy }: CreateRequest,
): KeysFile['principals'] {
  if (!isPrincipalName(principal))
    throw new OperatorError(
      `${JSON.stringify(principal)} is no name for a principal: 1 to 64 letters, digits or _+=,.@- and nothing else`,
    );
  const known = Object.hasOwn(principals, principal);
  if (known && policy !== undefined)
    throw new OperatorError(
      `${principal} has a policy already: change it in the keys file, where the service sees it at once`,
    );
  if (known) return principals;
  if (policy === undefined)
    throw new OperatorError(
      `${principal} is new: say what it may do with --policy FILE or --administrator`,
    );
  parsePolicy(policy, 'The policy');
  return { ...principals, [principal]: { policy } };
}

function requireKey({ keys }: KeysFile, accessKeyId: string): KeyEntry {
  const found = keys.find((entry) => entry.accessKeyId === accessKeyId);
  if (!found) throw new OperatorError(`There is no key ${JSON.stringify(accessKeyId)}`);
  return found;
}

const newAccessKeyId = (prefix: string, { random }: KeyMaker): string =>
  prefix + Array.from(random(ID_LENGTH), (byte) => ID_CHARACTERS[byte % 32]).join('');

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const isoTime = (timeMs: number): string =>
  new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
