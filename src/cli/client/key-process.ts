import { execFile } from 'node:child_process';
import { CommandError } from '../errors.js';
import { JsonSyntaxError, readJson } from '../python/json-reader.js';
import { str, textRepr } from '../python/repr.js';
import { shellWords } from '../python/shell-words.js';
import { type Dict, isDict, type Value } from '../python/value.js';
import type { Keys } from './credentials.js';
import type { Settings } from './settings.js';

/** A process that hangs must not hang the command for ever. */
const TIMEOUT_MS = 60_000;
const LONGEST_OUTPUT = 1024 * 1024;

/** Keys that a program prints (`credential_process`). */
export async function keysFromProcess(command: string, env: Settings['env']): Promise<Keys> {
  const reply = readReply(await outputOf(command, env));
  const version = reply.get('Version') ?? '<Version key not provided>';
  if (version !== 1n)
    throw failed(
      `Unsupported version '${str(version)}' for credential process provider, supported versions: 1`,
    );
  for (const name of ['AccessKeyId', 'SecretAccessKey'])
    if (!reply.has(name)) throw failed(`Missing required key in response: '${name}'`);
  const text = (name: string): string => str(reply.get(name) ?? '');
  if (isPast(reply.get('Expiration')))
    throw new CommandError(
      'Credentials were refreshed, but the refreshed credentials are still expired.',
    );
  const sessionToken = text('SessionToken');
  return {
    accessKeyId: text('AccessKeyId'),
    secretAccessKey: text('SecretAccessKey'),
    ...(sessionToken !== '' && { sessionToken }),
  };
}

const failed = (message: string): CommandError =>
  new CommandError(`Error when retrieving credentials from custom-process: ${message}`);

function outputOf(command: string, env: Settings['env']): Promise<string> {
  const [program = '', ...args] = shellWords(command) ?? [];
  const options = { env, timeout: TIMEOUT_MS, maxBuffer: LONGEST_OUTPUT };
  return new Promise((resolve, reject) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      if (error.code === 'ENOENT')
        return reject(
          new CommandError(`[Errno 2] No such file or directory: ${textRepr(program)}`),
        );
      reject(failed(stderr));
    });
  });
}

function readReply(text: string): Dict {
  try {
    const value = readJson(text);
    if (isDict(value)) return value;
  } catch (error) {
    if (error instanceof JsonSyntaxError) throw new CommandError(error.message);
    throw error;
  }
  throw failed('the process printed no JSON object');
}

const isPast = (expiration: Value | undefined): boolean =>
  typeof expiration === 'string' && Date.parse(expiration) <= Date.now();
