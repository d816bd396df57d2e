import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';
import { columns } from '../columns.js';

export const KEYS_USAGE = `likeness keys create NAME (--policy FILE | --administrator)   a key for a new principal
  likeness keys create NAME                                     another key for a known one
      --temporary DURATION      with a session token, good for 15m, 12h, 30d …
      --access-key-id ID --secret-stdin   a key pair that clients have already
  likeness keys list
  likeness keys rotate ID [--grace DURATION]    a new key; the old one stays good for 24h
  likeness keys revoke ID | --principal NAME`;

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,6})([smhd])$/;
const DEFAULT_GRACE = '24h';

type Files = Awaited<ReturnType<typeof keyFiles>>;
type Values = ReturnType<typeof parse>['values'];

/** What each verb does with the keys file and a name; it gives what to print. */
const VERBS: Readonly<
  Record<string, (files: Files, name: string, values: Values) => Promise<string>>
> = {
  create: async (files, principal, values) => {
    const { editKeys, createKey, ADMINISTRATOR_DOCUMENT } = await load();
    const request = {
      principal,
      ...(values.administrator && { policy: ADMINISTRATOR_DOCUMENT }),
      ...(values.policy !== undefined && { policy: readPolicy(values.policy) }),
      ...(values.temporary !== undefined && { temporaryMs: durationMs(values.temporary) }),
      ...(values['access-key-id'] !== undefined && {
        pair: {
          accessKeyId: values['access-key-id'],
          secretAccessKey: (await text(process.stdin)).trim(),
        },
      }),
    };
    const key = editKeys(files, (file, master) => createKey(file, request, { ...maker(), master }));
    return request.pair ? `${key.accessKeyId} is a key for ${principal} now\n` : shown(key);
  },
  rotate: async (files, accessKeyId, { grace = DEFAULT_GRACE }) => {
    const { editKeys, rotateKey } = await load();
    const request = { accessKeyId, graceMs: durationMs(grace) };
    return shown(
      editKeys(files, (file, master) => rotateKey(file, request, { ...maker(), master })),
    );
  },
  revoke: async (files, name, { principal }) => {
    const { editKeys, revokeKey, revokePrincipal } = await load();
    const gone = editKeys(files, (file) =>
      principal === undefined ? revokeKey(file, name) : revokePrincipal(file, principal),
    );
    return gone.map((id) => `revoked ${id}\n`).join('');
  },
  list: async (files) => {
    if (!existsSync(files.keysFile))
      throw new OperatorError(
        `LIKENESS_KEYS_FILE: cannot read ${files.keysFile}: it is not there; the first \`likeness keys create\` makes it`,
      );
    const { readKeysFile, listKeys } = await load();
    return table(listKeys(readKeysFile(files), Date.now()));
  },
};

/** Makes, lists, rotates and revokes the keys in LIKENESS_KEYS_FILE. A running service follows the file. */
export async function keys(args: readonly string[]): Promise<void> {
  const { positionals, values } = parse(args);
  const [verb = '', name = '', ...rest] = positionals;
  const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  const named = (name !== '') !== (values.principal !== undefined);
  if (!run || rest.length > 0 || named === (verb === 'list'))
    throw new OperatorError(`Usage:\n  ${KEYS_USAGE}`);
  process.stdout.write(await run(await keyFiles(), name, values));
}

const load = async () => ({
  ...(await import('../../keys/edit-keys.js')),
  ...(await import('../../keys/manage-keys.js')),
});

const maker = () => ({ nowMs: Date.now(), random: randomBytes });

function parse(args: readonly string[]) {
  try {
    const parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        policy: { type: 'string' },
        administrator: { type: 'boolean', default: false },
        temporary: { type: 'string' },
        'access-key-id': { type: 'string' },
        'secret-stdin': { type: 'boolean', default: false },
        grace: { type: 'string' },
        principal: { type: 'string' },
      },
    });
    const { values } = parsed;
    if ((values['access-key-id'] === undefined) === values['secret-stdin'])
      throw new OperatorError('--access-key-id and --secret-stdin go together');
    if (values.administrator && values.policy !== undefined)
      throw new OperatorError('--policy and --administrator exclude each other');
    return parsed;
  } catch (cause) {
    throw new OperatorError(`${(cause as Error).message}\nUsage:\n  ${KEYS_USAGE}`, { cause });
  }
}

async function keyFiles(): Promise<{ keysFile: string; masterKeyFile: string }> {
  const { readConfig } = await import('../../config.js');
  const { keysFile, masterKeyFile } = readConfig(process.env);
  if (keysFile === '')
    throw new OperatorError(
      'Set LIKENESS_KEYS_FILE and LIKENESS_MASTER_KEY_FILE, for this command and for the service: the first holds keys and policies, the second what decrypts their secrets; keep them on different disks or backups',
    );
  return { keysFile, masterKeyFile };
}

function readPolicy(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new OperatorError(`--policy: cannot read ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function durationMs(duration: string): number {
  const [, amount, unit] = DURATION.exec(duration) ?? [];
  if (amount === undefined || unit === undefined)
    throw new OperatorError(
      `${JSON.stringify(duration)} is no duration: expected a number and s, m, h or d, such as 12h`,
    );
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

interface ShownKey {
  readonly principal: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiresAt?: string;
}

/** The key in the form that shells, containers and systemd read; what is for people goes to standard error. */
function shown({
  principal,
  accessKeyId,
  secretAccessKey,
  sessionToken,
  expiresAt,
}: ShownKey): string {
  process.stderr.write(
    `A key for ${principal}${expiresAt === undefined ? '' : `, good until ${expiresAt}`}. The secret is shown this once and can not be read back.\n`,
  );
  const token = sessionToken === undefined ? '' : `AWS_SESSION_TOKEN=${sessionToken}\n`;
  return `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n${token}`;
}

/** Rows under the names of their members, in columns. */
function table(rows: readonly object[]): string {
  const [first] = rows;
  if (!first) return 'There are no keys.\n';
  const lines = [Object.keys(first), ...rows.map((row) => Object.values(row).map(String))];
  return `${columns(lines).join('\n')}\n`;
}
