import { codePoints, type Dict, OrderedDict, type Value } from './value.js';

/** Where and why a text is no JSON, in the words of Python's json module. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';

  constructor(problem: string, text: string, index: number) {
    const before = codePoints(text.slice(0, index));
    const line = before.filter((char) => char === '\n').length + 1;
    const column = before.length - before.lastIndexOf('\n');
    super(`${problem}: line ${line} column ${column} (char ${before.length})`);
  }
}

const NUMBER = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- JSON forbids them in strings.
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const WORDS: readonly (readonly [string, Value])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
/** Python gives up at about a thousand levels as well. */
const DEEPEST = 990;

/**
 * Reads JSON without losing anything a JavaScript number would lose: `100` and `100.0` stay different, an
 * integer keeps all its digits. Accepts what Python's `json.loads` accepts, with its error texts.
 */
export function readJson(text: string): Value {
  return new JsonReader(text, () => new Map()).document();
}

/** The same with ordered dicts for objects. */
export function readOrderedJson(text: string): Value {
  return new JsonReader(text, () => new OrderedDict()).document();
}

class JsonReader {
  readonly #text: string;
  readonly #newDict: () => Dict;
  #at = 0;
  #depth = 0;

  constructor(text: string, newDict: () => Dict) {
    this.#text = text;
    this.#newDict = newDict;
  }

  document(): Value {
    if (this.#text.startsWith('\ufeff'))
      throw this.#fault('Unexpected UTF-8 BOM (decode using utf-8-sig)', 0);
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#fault('Extra data');
    return value;
  }

  #fault(problem: string, index = this.#at): JsonSyntaxError {
    return new JsonSyntaxError(problem, this.#text, index);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #value(): Value {
    const char = this.#text[this.#at];
    if (char === '"') return this.#string();
    if (char === '{' || char === '[') {
      if (++this.#depth > DEEPEST)
        throw new RangeError('maximum recursion depth exceeded while decoding a JSON object');
      const value = char === '{' ? this.#object() : this.#array();
      this.#depth--;
      return value;
    }
    for (const [word, value] of WORDS)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    const [all, integer = '', fraction, exponent] = this.#match(NUMBER) ?? [];
    if (all === undefined) throw this.#fault('Expecting value');
    return fraction === undefined && exponent === undefined ? BigInt(integer) : Number(all);
  }

  #object(): Dict {
    const dict = this.#newDict();
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === '}') {
      this.#at++;
      return dict;
    }
    for (;;) {
      if (this.#text[this.#at] !== '"')
        throw this.#fault('Expecting property name enclosed in double quotes');
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ':') throw this.#fault("Expecting ':' delimiter");
      this.#at++;
      this.#space();
      dict.set(key, this.#value());
      if (this.#next('}')) return dict;
    }
  }

  #array(): Value[] {
    const list: Value[] = [];
    this.#at++;
    this.#space();
    if (this.#text[this.#at] === ']') {
      this.#at++;
      return list;
    }
    for (;;) {
      list.push(this.#value());
      if (this.#next(']')) return list;
    }
  }

  /** Past a comma and the blanks around it; true past the end of the collection. */
  #next(end: string): boolean {
    this.#space();
    const char = this.#text[this.#at];
    if (char === end) {
      this.#at++;
      return true;
    }
    if (char !== ',') throw this.#fault("Expecting ',' delimiter");
    this.#at++;
    this.#space();
    return false;
  }

  #string(): string {
    const begin = this.#at;
    this.#at++;
    let result = '';
    for (;;) {
      result += this.#match(PLAIN)?.[0] ?? '';
      const char = this.#text[this.#at];
      if (char === undefined) throw this.#fault('Unterminated string starting at', begin);
      if (char === '"') {
        this.#at++;
        return result;
      }
      if (char !== '\\') throw this.#fault('Invalid control character at');
      result += this.#escape(begin);
    }
  }

  #escape(begin: number): string {
    const char = this.#text[this.#at + 1];
    if (char === undefined) throw this.#fault('Unterminated string starting at', begin);
    if (char === 'u') {
      const hex = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw this.#fault('Invalid \\uXXXX escape', this.#at + 1);
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const value = ESCAPES[char];
    if (value === undefined) throw this.#fault('Invalid \\escape');
    this.#at += 2;
    return value;
  }
}
