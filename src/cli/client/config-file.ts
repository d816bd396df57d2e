import { existsSync, readFileSync, statSync } from 'node:fs';
import { CommandError } from '../errors.js';

/** A section's settings; a value that begins on the next line holds settings of its own. */
export type Section = Readonly<Record<string, string | Readonly<Record<string, string>>>>;
export type Sections = ReadonlyMap<string, Section>;

/**
 * Reads a configuration file of AWS as Python's `configparser` and botocore do: `=` or `:`, names without
 * regard to case, continued values by their indentation, a section `DEFAULT` for all, and no section or name
 * twice. An absent file has no sections.
 *
 * @throws CommandError for a file that cannot be read so.
 */
export function readConfigFile(path: string): Sections {
  if (!existsSync(path) || !statSync(path).isFile()) return new Map();
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      readFileSync(path),
    );
    return new ConfigParser().parse(text);
  } catch (cause) {
    if (!(cause instanceof ConfigSyntaxError) && !(cause instanceof TypeError)) throw cause;
    throw new CommandError(`Unable to parse config file: ${path}`, undefined, { cause });
  }
}

class ConfigSyntaxError extends Error {
  override readonly name = 'ConfigSyntaxError';
}

const DEFAULTS = 'DEFAULT';

class ConfigParser {
  readonly #sections = new Map<string, Map<string, string[]>>();
  readonly #defaults = new Map<string, string[]>();
  #section: Map<string, string[]> | undefined;
  /** Lines of the value that may still go on. */
  #value: string[] | undefined;
  #indent = 0;

  parse(text: string): Sections {
    for (const line of text.split(/\r\n?|\n/)) this.#line(line);
    return new Map(
      [...this.#sections].map(([name, own]) => {
        const all = new Map([...this.#defaults, ...own]);
        return [name, Object.fromEntries([...all].map(([key, lines]) => [key, valueOf(lines)]))];
      }),
    );
  }

  #line(line: string): void {
    const text = line.trim();
    if (/^[#;]/.test(text)) return;
    if (text === '') {
      this.#value?.push('');
      return;
    }
    const indent = line.search(/\S/);
    if (this.#value && indent > this.#indent) {
      this.#value.push(text);
      return;
    }
    this.#indent = indent;
    const header = /^\[(.+)\]/.exec(text)?.[1];
    if (header !== undefined) this.#open(header);
    else this.#setting(text);
  }

  #open(header: string): void {
    this.#value = undefined;
    if (header === DEFAULTS) {
      this.#section = this.#defaults;
      return;
    }
    if (this.#sections.has(header)) throw new ConfigSyntaxError(`section ${header} twice`);
    this.#section = new Map();
    this.#sections.set(header, this.#section);
  }

  #setting(text: string): void {
    if (!this.#section) throw new ConfigSyntaxError('a setting before any section');
    const [, name = '', value = ''] = /^(.*?)\s*[=:]\s*(.*)$/.exec(text) ?? [];
    if (name === '') throw new ConfigSyntaxError(`no setting: ${text}`);
    const key = name.trimEnd().toLowerCase();
    if (this.#section.has(key)) throw new ConfigSyntaxError(`setting ${key} twice`);
    this.#value = [value.trim()];
    this.#section.set(key, this.#value);
  }
}

function valueOf(lines: readonly string[]): string | Record<string, string> {
  const text = lines.join('\n').trimEnd();
  return text.startsWith('\n') ? nestedSettings(text) : text;
}

function nestedSettings(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf('=');
      if (at < 0) throw new ConfigSyntaxError(`no nested setting: ${line}`);
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}
