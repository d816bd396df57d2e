import { JsonSyntaxError, readJson } from '../python/json-reader.js';
import { codePoints, type Value } from '../python/value.js';

export type TokenType =
  | 'and'
  | 'colon'
  | 'comma'
  | 'current'
  | 'dot'
  | 'eof'
  | 'eq'
  | 'expref'
  | 'filter'
  | 'flatten'
  | 'gt'
  | 'gte'
  | 'lbrace'
  | 'lbracket'
  | 'literal'
  | 'lparen'
  | 'lt'
  | 'lte'
  | 'ne'
  | 'not'
  | 'number'
  | 'or'
  | 'pipe'
  | 'quoted_identifier'
  | 'rbrace'
  | 'rbracket'
  | 'rparen'
  | 'star'
  | 'unquoted_identifier';

export interface Token {
  readonly type: TokenType;
  readonly value: Value;
  /** Where it begins, in code points. */
  readonly start: number;
}

/** A JMESPath expression that cannot be read or evaluated, in the words of Python's jmespath. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

const SINGLE: Readonly<Record<string, TokenType>> = {
  '.': 'dot',
  '*': 'star',
  ']': 'rbracket',
  ',': 'comma',
  ':': 'colon',
  '@': 'current',
  '(': 'lparen',
  ')': 'rparen',
  '{': 'lbrace',
  '}': 'rbrace',
};

/** Operators of one character, and what a second one makes of them. */
const OPERATORS: Readonly<Record<string, readonly [TokenType, string, TokenType]>> = {
  '|': ['pipe', '|', 'or'],
  '&': ['expref', '&', 'and'],
  '<': ['lt', '=', 'lte'],
  '>': ['gt', '=', 'gte'],
  '!': ['not', '=', 'ne'],
};

/** Splits a JMESPath expression into tokens; the last one is `eof`. */
export function tokenize(expression: string): Token[] {
  if (expression === '') throw new QueryError('Invalid JMESPath expression: cannot be empty.');
  return [...new Lexer(expression).tokens()];
}

class Lexer {
  readonly #text: string;
  readonly #chars: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#chars = codePoints(text);
  }

  *tokens(): Generator<Token> {
    while (this.#at < this.#chars.length) {
      const start = this.#at;
      const token = this.#token(this.#chars[start] ?? '');
      if (token) yield { ...token, start };
    }
    yield { type: 'eof', value: '', start: this.#chars.length };
  }

  #token(char: string): Omit<Token, 'start'> | undefined {
    if (' \t\n\r'.includes(char)) {
      this.#at++;
      return undefined;
    }
    const single = SINGLE[char];
    if (single !== undefined) return this.#taken(single, char);
    if (/[a-zA-Z_]/.test(char))
      return { type: 'unquoted_identifier', value: this.#while(/[a-zA-Z0-9_]/) };
    if (/[-0-9]/.test(char)) return this.#number();
    const operator = OPERATORS[char];
    if (operator) {
      const [type, second, both] = operator;
      return this.#chars[this.#at + 1] === second
        ? this.#taken(both, char + second)
        : this.#taken(type, char);
    }
    return this.#special(char);
  }

  #special(char: string): Omit<Token, 'start'> {
    const next = this.#chars[this.#at + 1];
    switch (char) {
      case '[':
        if (next === ']') return this.#taken('flatten', '[]');
        return next === '?' ? this.#taken('filter', '[?') : this.#taken('lbracket', '[');
      case "'":
        return { type: 'literal', value: this.#until("'").replaceAll("\\'", "'") };
      case '`':
        return this.#literal();
      case '"':
        return this.#quoted();
      case '=':
        if (next === '=') return this.#taken('eq', '==');
        throw this.#fault("Unknown token '='", this.#at);
      default:
        throw this.#fault(`Unknown token ${char}`, this.#at);
    }
  }

  #taken(type: TokenType, value: string): Omit<Token, 'start'> {
    this.#at += value.length;
    return { type, value };
  }

  #while(pattern: RegExp): string {
    const start = this.#at;
    do this.#at++;
    while (pattern.test(this.#chars[this.#at] ?? ''));
    return this.#chars.slice(start, this.#at).join('');
  }

  #number(): Omit<Token, 'start'> {
    const start = this.#at;
    const digits = this.#while(/[0-9]/);
    if (digits === '-') throw this.#fault("Unknown token '-'", start);
    return { type: 'number', value: BigInt(digits) };
  }

  /** What stands before the next delimiter that has no backslash before it; backslashes stay. */
  #until(delimiter: string): string {
    const start = this.#at;
    let text = '';
    this.#at++;
    while (this.#chars[this.#at] !== delimiter) {
      if (this.#chars[this.#at] === '\\') {
        text += '\\';
        this.#at++;
      }
      const char = this.#chars[this.#at];
      if (char === undefined) throw this.#fault(`Unclosed ${delimiter} delimiter`, start);
      text += char;
      this.#at++;
    }
    this.#at++;
    return text;
  }

  #literal(): Omit<Token, 'start'> {
    const start = this.#at;
    const text = this.#until('`').replaceAll('\\`', '`');
    // A text without quotes counts as a string, as it did before JEP 12.
    for (const candidate of [text, `"${text.trimStart()}"`])
      try {
        return { type: 'literal', value: readJson(candidate) };
      } catch (error) {
        if (!(error instanceof JsonSyntaxError)) throw error;
      }
    throw this.#fault(`Bad token ${text}`, start);
  }

  #quoted(): Omit<Token, 'start'> {
    const start = this.#at;
    const text = `"${this.#until('"')}"`;
    try {
      return { type: 'quoted_identifier', value: readJson(text) };
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      throw this.#fault(error.message.split(':')[0] ?? '', start);
    }
  }

  #fault(message: string, position: number): QueryError {
    return new QueryError(
      `Bad jmespath expression: ${message}:\n${this.#text}\n${' '.repeat(position)}^`,
    );
  }
}
