import { optionError } from '../errors.js';
import type { Place } from '../io.js';
import { codePoints, type Dict, type Value } from '../python/value.js';
import { loadParameterFile } from './parameter-file.js';

/** What cannot be read as shorthand; the message shows where. */
class ShorthandError extends Error {
  override readonly name = 'ShorthandError';
}

/** Which character was expected where: the one fault the grammar recovers from. */
class UnexpectedError extends ShorthandError {
  constructor(expected: string, input: string, index: number, actual?: string) {
    const found = actual ?? input[index] ?? 'EOF';
    super(`Expected: '${expected}', received: '${found}' for input:\n ${located(input, index)}`);
  }
}

const SINGLE_QUOTED = /'(?:\\'|[^'])*'/uy;
const DOUBLE_QUOTED = /"(?:\\"|[^"])*"/uy;
/** A value after `=`: no blank, quote, comma, `=`, `[` or `{` first; then up to a comma, quote, `]` or `}`. */
const FIRST_VALUE = /(?:\\,|[!#-&(-+\--<>-Z\\-z|-\uffff])(?:\\,|[\s!#-&(-+\--\\^-|~-\uffff])*/uy;
/** A value after a comma: as the first, but an `=` ends it, for it may be the next key. */
const LATER_VALUE = /(?:\\,|[!#-&(-+\--<>-Z\\-z|-\uffff])(?:\\,|[\s!#-&(-+\--<>-\uffff])*/uy;
const KEY = /[a-zA-Z0-9\-_.#/:]*/y;
const SPACE = /[ \t\n\r\v\f]*/y;

/**
 * Reads the AWS CLI's shorthand: `S3Object={Bucket=b,Name=n.jpg}`, `k1=v1,k2=v2`, `key@=file://path`.
 * Texts stay texts; lists are those written as such. Throws the fault of option `option`.
 */
export function parseShorthand(input: string, option: string, place: Place): Dict {
  try {
    return new ShorthandParser(input, place).parameter();
  } catch (error) {
    if (error instanceof ShorthandError) throw optionError(option, error.message);
    throw error;
  }
}

class ShorthandParser {
  readonly #input: string;
  readonly #place: Place;
  #at = 0;
  /** True behind `@=`: values name files. */
  #fromFile = false;

  constructor(input: string, place: Place) {
    this.#input = input;
    this.#place = place;
  }

  parameter(): Dict {
    const members: Dict = new Map();
    let last = 0;
    for (;;) {
      const key = this.#key();
      const value = this.#values();
      if (members.has(key)) throw this.#duplicate(key, last + 1);
      members.set(key, value);
      last = this.#at;
      if (this.#ended) return members;
      this.#expect(',');
    }
  }

  get #current(): string | undefined {
    return this.#input[this.#at];
  }

  get #ended(): boolean {
    return this.#at >= this.#input.length;
  }

  #duplicate(key: string, index: number): ShorthandError {
    return new ShorthandError(
      `Second instance of key "${key}" encountered for input:\n${located(this.#input, index)}\nThis is often because there is a preceding "," instead of a space.`,
    );
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [text] = pattern.exec(this.#input) ?? [];
    if (text !== undefined) this.#at += text.length;
    return text;
  }

  #expect(char: string, spaceAround = true): void {
    if (spaceAround) this.#match(SPACE);
    if (this.#current !== char) throw new UnexpectedError(char, this.#input, this.#at);
    this.#at++;
    if (spaceAround) this.#match(SPACE);
  }

  /** A key and the `=` or `@=` behind it. */
  #key(): string {
    const key = this.#match(KEY) ?? '';
    this.#match(SPACE);
    this.#fromFile = this.#current === '@';
    if (this.#fromFile) this.#expect('@');
    this.#expect('=');
    return key;
  }

  #values(): Value {
    if (this.#ended) return '';
    if (this.#current === '[') return this.#list();
    if (this.#current === '{') return this.#hash();
    return this.#commaValues();
  }

  /** `a` or `a,b`: after a comma comes either one more value or the next key, which is left alone. */
  #commaValues(): Value {
    const first = this.#value(FIRST_VALUE);
    this.#match(SPACE);
    if (this.#current !== ',') return first;
    this.#expect(',');
    const values: Value[] = [first];
    for (;;) {
      try {
        const value = this.#laterValue();
        this.#match(SPACE);
        if (this.#ended) {
          values.push(value);
          break;
        }
        this.#expect(',');
        values.push(value);
      } catch (error) {
        if (!(error instanceof UnexpectedError) || this.#ended) throw error;
        this.#at = this.#input.lastIndexOf(',', this.#at);
        break;
      }
    }
    return values.length === 1 ? first : values;
  }

  #list(): Value[] {
    this.#expect('[');
    const values: Value[] = [];
    while (this.#current !== ']') {
      values.push(this.#nested());
      this.#match(SPACE);
      if (this.#current !== ']') this.#separator();
    }
    this.#expect(']', false);
    return values;
  }

  #hash(): Dict {
    this.#expect('{');
    const members: Dict = new Map();
    while (this.#current !== '}') {
      const key = this.#key();
      const value = this.#nested();
      this.#match(SPACE);
      if (this.#current !== '}') this.#separator();
      members.set(key, value);
    }
    this.#expect('}', false);
    return members;
  }

  #separator(): void {
    this.#expect(',', false);
    this.#match(SPACE);
  }

  #nested(): Value {
    if (this.#current === '[') return this.#list();
    if (this.#current === '{') return this.#hash();
    return this.#value(FIRST_VALUE);
  }

  #value(pattern: RegExp): Value {
    if (this.#current === "'") return this.#quoted(SINGLE_QUOTED, "'", 'singled quoted');
    if (this.#current === '"') return this.#quoted(DOUBLE_QUOTED, '"', 'double quoted');
    const text = this.#match(pattern);
    return text === undefined ? '' : this.#loaded(stripped(text.replaceAll('\\,', ',')));
  }

  #laterValue(): Value {
    const quote = this.#current === "'" || this.#current === '"';
    if (quote) return this.#value(LATER_VALUE);
    const text = this.#match(LATER_VALUE);
    if (text === undefined) throw new UnexpectedError('<second>', this.#input, this.#at, '<none>');
    return this.#loaded(stripped(text.replaceAll('\\,', ',')));
  }

  #quoted(pattern: RegExp, quote: string, name: string): Value {
    const text = this.#match(pattern);
    if (text === undefined) throw new UnexpectedError(`<${name}>`, this.#input, this.#at, '<none>');
    const inner = text.slice(1, -1).replaceAll(`\\${quote}`, quote).replaceAll('\\\\', '\\');
    return this.#loaded(inner);
  }

  #loaded(text: string): Value {
    return (this.#fromFile ? loadParameterFile(text, this.#place) : undefined) ?? text;
  }
}

/** Without the blanks at its end; to Python a byte order mark is none. */
const stripped = (text: string): string => text.replace(/[^\S\ufeff]+$/u, '');

/** The input with a caret under the place, also where the input has several lines. */
function located(input: string, index: number): string {
  const before = input.slice(0, index);
  const column = codePoints(before.slice(before.lastIndexOf('\n') + 1)).length;
  const lineEnd = input.indexOf('\n', index);
  const consumed = lineEnd < 0 ? input : input.slice(0, lineEnd);
  const remaining = lineEnd < 0 ? '' : input.slice(lineEnd);
  return `${consumed}\n${' '.repeat(column)}^${remaining}`;
}
