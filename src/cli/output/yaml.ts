import { jsonString } from '../python/json-writer.js';
import { floatRepr } from '../python/repr.js';
import {
  codePoints,
  type Dict,
  isDict,
  isList,
  Moment,
  sortedKeys,
  type Value,
} from '../python/value.js';

/** Columns past which a scalar is folded at its next blank. */
const BEST_WIDTH = 80;
/** A longer key is written as an explicit one; bytes. */
const LONGEST_SIMPLE_KEY = 128;

/** YAML as `--output yaml` prints it: the block style of libyaml with the YAML 1.2 rules of ruamel.yaml, keys sorted. */
export function yamlText(value: Value): string {
  const writer = new YamlWriter();
  writer.node(value, 0, false);
  return writer.text();
}

class YamlWriter {
  #text = '';
  #column = 0;

  text(): string {
    return this.#text.endsWith('\n') ? this.#text : `${this.#text}\n`;
  }

  #put(text: string): void {
    this.#text += text;
    this.#column += codePoints(text).length;
  }

  #newLine(indent: number): void {
    if (this.#text !== '') this.#text += '\n';
    this.#text += ' '.repeat(indent);
    this.#column = indent;
  }

  /**
   * Writes a node whose block content stands at `indent`. With `inline` its first line goes on where the
   * writer stands: behind the dash of a list item.
   */
  node(value: Value, indent: number, inline: boolean): void {
    if (isList(value) && value.length > 0) this.#list(value, indent, inline);
    else if (isDict(value) && value.size > 0) this.#dict(value, indent, inline);
    else this.#scalar(value, indent);
  }

  #list(values: readonly Value[], indent: number, inline: boolean): void {
    for (const [index, value] of values.entries()) {
      if (!(inline && index === 0)) this.#newLine(indent);
      this.#put('-');
      if (isBlock(value)) this.#put(' ');
      this.node(value, indent + 2, true);
    }
  }

  #dict(dict: Dict, indent: number, inline: boolean): void {
    for (const [index, key] of sortedKeys(dict).entries()) {
      if (!(inline && index === 0)) this.#newLine(indent);
      const value = dict.get(key) ?? null;
      const simple = isSimpleKey(key);
      if (simple) this.#put(writeKey(key));
      else {
        this.#put('?');
        this.#scalar(key, indent);
        this.#newLine(indent);
      }
      this.#put(':');
      if (isBlock(value) && !simple) this.#put(' ');
      // A list in a mapping is not indented.
      const flush = isList(value) && value.length > 0 && simple;
      this.node(value, flush ? indent : indent + 2, !simple);
    }
  }

  /** A blank and a scalar; lines that follow are indented by `indent`. */
  #scalar(value: Value, indent: number): void {
    if (this.#column > 0) this.#put(' ');
    if (typeof value !== 'string') return this.#put(plainOf(value));
    const style = styleOf(value);
    if (style === 'plain') this.#plain(value, indent);
    else if (style === 'single') this.#single(value, indent);
    else this.#double(value, indent);
  }

  #plain(text: string, indent: number): void {
    const chars = codePoints(text);
    for (const [index, char] of chars.entries()) {
      const alone = char === ' ' && chars[index - 1] !== ' ' && chars[index + 1] !== ' ';
      if (alone && this.#column > BEST_WIDTH) this.#newLine(indent);
      else this.#put(char);
    }
  }

  #single(text: string, indent: number): void {
    const chars = codePoints(text);
    let broken = false;
    this.#put("'");
    for (const [index, char] of chars.entries()) {
      if (BREAK.test(char)) {
        if (!broken && char === '\n') this.#text += '\n';
        this.#text += char;
        this.#column = 0;
        broken = true;
        continue;
      }
      if (broken) {
        this.#put(' '.repeat(indent));
        broken = false;
      }
      const inside = index > 0 && index < chars.length - 1;
      const alone = char === ' ' && chars[index - 1] !== ' ' && chars[index + 1] !== ' ';
      if (alone && inside && this.#column > BEST_WIDTH) this.#newLine(indent);
      else this.#put(char === "'" ? "''" : char);
    }
    if (broken) this.#put(' '.repeat(indent));
    this.#put("'");
  }

  #double(text: string, indent: number): void {
    const chars = codePoints(text);
    this.#put('"');
    for (const [index, char] of chars.entries()) {
      const inside = index > 0 && index < chars.length - 1;
      if (char === ' ' && chars[index - 1] !== ' ' && inside && this.#column > BEST_WIDTH) {
        this.#newLine(indent);
        if (chars[index + 1] === ' ') this.#put('\\');
      } else this.#put(escaped(char));
    }
    this.#put('"');
  }
}

const isBlock = (value: Value): boolean =>
  (isList(value) && value.length > 0) || (isDict(value) && value.size > 0);

function plainOf(value: Value): string {
  if (isList(value)) return '[]';
  if (isDict(value)) return '{}';
  if (value instanceof Moment) return value.iso.replace('T', ' ');
  if (value instanceof Uint8Array)
    return `!!binary ${jsonString(Buffer.from(value).toString('base64'), true)}`;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return floatRepr(value);
    return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf';
  }
  return String(value);
}

const isSimpleKey = (key: string): boolean =>
  Buffer.byteLength(key) <= LONGEST_SIMPLE_KEY && !key.includes('\n');

/** A key on one line, which is never folded. */
function writeKey(key: string): string {
  const style = styleOf(key);
  if (style === 'plain') return key === '' ? "''" : key;
  if (style === 'single') return `'${key.replaceAll("'", "''")}'`;
  return `"${codePoints(key).map(escaped).join('')}"`;
}

/** Plain texts that YAML 1.2 would read as something else than a text. */
const RESOLVED = [
  /^$|^(?:~|null|Null|NULL)$/,
  /^(?:true|True|TRUE|false|False|FALSE)$/,
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)$/,
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/,
  /^(?:<<|=)$/,
];
/** The resolvers look at the first character, and these texts begin with `_`. */
const NOT_RESOLVED = /^_/;
/** What libyaml takes for the end of a line. */
const BREAK = /[\n\u2028\u2029]/;
const PRINTABLE = /^[\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$/u;
const INDICATOR_FIRST = /^[#,[\]{}&*!|>'"%@`]/;

/** How a text is written: plain where nothing speaks against it, else quoted (libyaml's scalar analysis). */
function styleOf(text: string): 'plain' | 'single' | 'double' {
  if (text === '') return 'single';
  if (!PRINTABLE.test(text) || / [\n\u2028\u2029]|[\n\u2028\u2029] /.test(text)) return 'double';
  const quoted =
    /^ | $/.test(text) ||
    BREAK.test(text) ||
    INDICATOR_FIRST.test(text) ||
    /^(?:---|\.\.\.)/.test(text) ||
    /^[-?:](?: |$)/.test(text) ||
    /: |:$| #/.test(text) ||
    (RESOLVED.some((pattern) => pattern.test(text)) && !NOT_RESOLVED.test(text));
  return quoted ? 'single' : 'plain';
}

const DOUBLE_ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\u0085': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function escaped(char: string): string {
  const short = DOUBLE_ESCAPES[char];
  if (short !== undefined) return short;
  if (PRINTABLE.test(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}
