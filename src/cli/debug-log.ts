import type { Io } from './io.js';

/** A line for `--debug`. */
export type Log = (logger: string, message: string, level?: 'DEBUG' | 'INFO') => void;

export const noLog: Log = () => undefined;

/**
 * Writes lines in the format of Python's logging, `time - thread - logger - level - message`, under the names
 * that the AWS CLI's parts give their own: what reads its log, reads this one.
 */
export const debugLog =
  ({ stderr }: Pick<Io, 'stderr'>): Log =>
  (logger, message, level = 'DEBUG') => {
    const now = new Date();
    const time = new Date(now.getTime() - now.getTimezoneOffset() * 60_000)
      .toISOString()
      .replace('T', ' ')
      .replace('.', ',')
      .slice(0, -1);
    stderr.write(`${time} - MainThread - ${logger} - ${level} - ${message}\n`);
  };

/** Headers as Python shows a dict of them, with what would let a reader act in the user's name masked. */
export function shownHeaders(headers: Readonly<Record<string, string | undefined>>): string {
  const shown = Object.entries(headers).map(([name, value = '']) => {
    const secret = /^(?:x-amz-security-token|proxy-authorization)$/i.test(name);
    const text = secret ? MASK : value.replace(/Signature=[0-9a-f]+/, `Signature=${MASK}`);
    return `'${name}': '${text}'`;
  });
  return `{${shown.join(', ')}}`;
}

const MASK = '****';
