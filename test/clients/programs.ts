import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { CREDENTIALS, REGION } from '../support/service.js';

/**
 * The published service model for clients older than the user operations (Debian 12's are): botocore
 * reads it from AWS_DATA_PATH.
 */
export const dataPath = resolve(import.meta.dirname, '../../../shared/contract/botocore-data');

/** The first of these programs that runs with these arguments; Debian's own before any other. */
export function findProgram(
  candidates: readonly string[],
  args: readonly string[],
): string | undefined {
  return candidates.find((program) => {
    try {
      execFileSync(program, args, { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** Why client tests cannot run here, if they cannot. */
export const missing = (program: string | undefined, name: string): string =>
  !existsSync(dataPath)
    ? ` (skipped: ${dataPath} is not there)`
    : program === undefined
      ? ` (skipped: ${name} is not installed)`
      : '';

/** What a client finds in its environment: nothing but its own configuration points it at the service. */
export const CLIENT_ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  LANG: 'C.UTF-8',
  AWS_DATA_PATH: dataPath,
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_DEFAULT_REGION: REGION,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
};

/** Runs a client as a user would. */
export const runClient = async (
  program: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> =>
  promisify(execFile)(program, args, { env: CLIENT_ENVIRONMENT, maxBuffer: 1 << 24 }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
