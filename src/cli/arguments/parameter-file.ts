import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { CommandError } from '../errors.js';
import type { Place } from '../io.js';
import { textRepr } from '../python/repr.js';
import { systemErrorText } from '../python/system-error.js';

/** A file named by `file://` or `fileb://` that cannot be read. */
export class ParameterFileError extends Error {
  override readonly name = 'ParameterFileError';
}

/** A failed file operation in Python's words. */
export function systemError(error: unknown, path: string): string {
  const fault = error as NodeJS.ErrnoException;
  return fault.errno === undefined ? fault.message : `${systemErrorText(fault)}: ${textRepr(path)}`;
}

/**
 * The contents of the file a value names: text for `file://` (UTF-8, line ends as `\n`), bytes for
 * `fileb://`. Undefined for any other value.
 */
export function loadParameterFile(value: string, place: Place): string | Uint8Array | undefined {
  const prefix = /^fileb?:\/\//.exec(value)?.[0];
  if (prefix === undefined) return undefined;
  const path = expandPath(value.slice(prefix.length), place.env);
  const bytes = read(path, value, place);
  if (prefix === 'fileb://') return bytes;
  const decode = decoderOf(place.env['AWS_CLI_FILE_ENCODING'] ?? 'utf-8');
  try {
    const text = decode(bytes);
    return text.replaceAll(/\r\n?/g, '\n');
  } catch (cause) {
    throw new ParameterFileError(
      `Unable to load paramfile (${path}), text contents could not be decoded.  If this is a binary file, please use the fileb:// prefix instead of the file:// prefix.`,
      { cause },
    );
  }
}

/** What reads text in an encoding, named as Python names it; throws for bytes that are not in it. */
function decoderOf(encoding: string): (bytes: Uint8Array) => string {
  const name = encoding.toLowerCase().replaceAll('_', '-');
  // The web's decoder takes this name for windows-1252.
  if (/^(?:iso-?8859-1|latin-?1|l1)$/.test(name))
    return (bytes) => Buffer.from(bytes).toString('latin1');
  try {
    const decoder = new TextDecoder(name, { fatal: true, ignoreBOM: true });
    return (bytes) => decoder.decode(bytes);
  } catch (cause) {
    throw new CommandError(`unknown encoding: ${encoding}`, undefined, { cause });
  }
}

function read(path: string, value: string, { cwd }: Place): Uint8Array {
  try {
    // Node would read the working directory.
    if (path === '') throw Object.assign(new Error('no path'), { code: 'ENOENT', errno: -2 });
    return readFileSync(resolve(cwd, path));
  } catch (cause) {
    throw new ParameterFileError(`Unable to load paramfile ${value}: ${systemError(cause, path)}`, {
      cause,
    });
  }
}

/** `~` and `$NAME` as a shell would; unknown names stay. */
export function expandPath(path: string, env: Place['env']): string {
  const home = path.replace(/^~(?=\/|$)/, () => env['HOME'] ?? homedir());
  return home.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (all, name?: string, braced?: string) => env[name ?? braced ?? ''] ?? all,
  );
}
