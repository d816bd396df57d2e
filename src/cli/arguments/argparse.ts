import { parameterError } from '../errors.js';
import { closeMatches } from '../python/close-matches.js';
import { parseFloat64, parseInteger } from '../python/numbers.js';
import { textRepr } from '../python/repr.js';

/** How many words of the command line an argument takes: one, none (a switch), at most one, any number. */
type Count = 'one' | 'none' | 'optional' | 'many';

export interface Argument {
  /** `--face-ids` for an option, a bare name for a position. */
  readonly name: string;
  /** The key of the result; the name without dashes unless given. */
  readonly key?: string;
  readonly count?: Count;
  readonly type?: 'text' | 'int' | 'float';
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** The value of a switch that is there, or of an optional value that is left out. */
  readonly present?: string | boolean;
}

export type ParsedValue = string | boolean | bigint | number | readonly ParsedValue[];

export interface Parsed {
  readonly values: ReadonlyMap<string, ParsedValue>;
  /** Words that no argument took, in Python's order. */
  readonly rest: string[];
}

export const keyOf = ({ name, key }: Argument): string => key ?? name.replace(/^--/, '');

const NEGATIVE_NUMBER = /^-\d+$|^-\d*\.\d+$/;

interface Match {
  readonly argument: Argument | undefined;
  readonly option: string;
  readonly explicit?: string;
}

/**
 * Splits a command line as Python 3.11's `argparse.parse_known_args` does (with the messages of AWS CLI
 * 2.36), because users and scripts rely on its every habit: abbreviations, `--name=value`, options among
 * positions, negative numbers as values, and `--` ending a list of values.
 */
export function parseArguments(words: readonly string[], table: readonly Argument[]): Parsed {
  return new Parser(words, table).run();
}

class Parser {
  readonly #words: readonly string[];
  readonly #table: readonly Argument[];
  readonly #options: ReadonlyMap<string, Argument>;
  readonly #matches = new Map<number, Match>();
  readonly #values = new Map<string, ParsedValue>();
  readonly #seen = new Set<Argument>();
  readonly #rest: string[] = [];
  #positions: Argument[];
  /** One letter a word: O an option, A anything else, - the `--`. */
  #pattern = '';

  constructor(words: readonly string[], table: readonly Argument[]) {
    this.#words = words;
    this.#table = table;
    this.#options = new Map(
      table.filter(({ name }) => name.startsWith('-')).map((argument) => [argument.name, argument]),
    );
    this.#positions = table.filter(({ name }) => !name.startsWith('-'));
  }

  run(): Parsed {
    this.#classify();
    const optionAt = [...this.#matches.keys()];
    let at = 0;
    for (const next of optionAt) {
      if (at > next) continue;
      while (at < next) {
        const end = this.#takePositions(at);
        if (end === at) break;
        at = end;
      }
      if (at > next) continue;
      this.#rest.push(...this.#words.slice(at, next));
      at = this.#takeOption(next);
    }
    const end = this.#takePositions(at);
    this.#rest.push(...this.#words.slice(end));
    this.#requireAll();
    return { values: this.#values, rest: this.#rest };
  }

  #classify(): void {
    const end = this.#words.indexOf('--');
    for (const [index, word] of this.#words.entries()) {
      if (end >= 0 && index >= end) this.#pattern += index === end ? '-' : 'A';
      else {
        const match = this.#optionOf(word);
        this.#pattern += match ? 'O' : 'A';
        if (match) this.#matches.set(index, match);
      }
    }
  }

  #optionOf(word: string): Match | undefined {
    if (!word.startsWith('-')) return undefined;
    const exact = this.#options.get(word);
    if (exact) return { argument: exact, option: word };
    if (word.length === 1) return undefined;
    const equals = word.indexOf('=');
    const option = equals < 0 ? word : word.slice(0, equals);
    const explicit = equals < 0 ? {} : { explicit: word.slice(equals + 1) };
    const named = this.#options.get(option);
    if (named) return { argument: named, option, ...explicit };
    const begun = word.startsWith('--')
      ? [...this.#options.keys()].filter((name) => name.startsWith(option))
      : [];
    if (begun.length > 1)
      throw usageError(`ambiguous option: ${word} could match ${begun.join(', ')}`);
    const [full = ''] = begun;
    const abbreviated = this.#options.get(full);
    if (abbreviated) return { argument: abbreviated, option: full, ...explicit };
    if (NEGATIVE_NUMBER.test(word) || word.includes(' ')) return undefined;
    return { argument: undefined, option: word };
  }

  #takeOption(index: number): number {
    const { argument, explicit } = this.#matches.get(index) ?? {};
    if (!argument) {
      this.#rest.push(this.#words[index] ?? '');
      return index + 1;
    }
    if (explicit !== undefined) {
      if (argument.count === 'none')
        throw argumentError(argument, `ignored explicit argument ${textRepr(explicit)}`);
      this.#store(argument, [explicit]);
      return index + 1;
    }
    const following = /^A*/.exec(this.#pattern.slice(index + 1))?.[0].length ?? 0;
    const count = countOf(argument, following);
    const end = index + 1 + count;
    this.#store(argument, this.#words.slice(index + 1, end));
    return end;
  }

  /** Gives the words from `start` to as many positions as they can fill; the end of what was taken. */
  #takePositions(start: number): number {
    const pattern = this.#pattern.slice(start);
    for (let count = this.#positions.length; count > 0; count--) {
      const expected = this.#positions
        .slice(0, count)
        .map((position) => (position.count === 'optional' ? '(-*A?-*)' : '(-*A-*)'))
        .join('');
      const found = new RegExp(`^${expected}`).exec(pattern);
      if (!found) continue;
      let at = start;
      for (const [index, group] of found.slice(1).entries()) {
        const position = this.#positions[index];
        const words = this.#words.slice(at, at + group.length);
        if (position) this.#store(position, without(words, '--'));
        at += group.length;
      }
      this.#positions = this.#positions.slice(count);
      return at;
    }
    return start;
  }

  #store(argument: Argument, words: readonly string[]): void {
    this.#seen.add(argument);
    const key = keyOf(argument);
    const values = words.map((word) => checked(argument, word));
    const [first] = values;
    if (argument.count === 'many') this.#values.set(key, values);
    else if (first !== undefined) this.#values.set(key, first);
    else if (argument.present !== undefined) this.#values.set(key, argument.present);
  }

  #requireAll(): void {
    const missing = this.#table
      .filter((argument) => argument.required && !this.#seen.has(argument))
      .map(({ name }) => name);
    if (missing.length > 0)
      throw usageError(`the following arguments are required: ${missing.join(', ')}`);
  }
}

function without(words: readonly string[], word: string): readonly string[] {
  const at = words.indexOf(word);
  return at < 0 ? words : words.toSpliced(at, 1);
}

function countOf(argument: Argument, available: number): number {
  switch (argument.count ?? 'one') {
    case 'none':
      return 0;
    case 'many':
      return available;
    case 'optional':
      return Math.min(available, 1);
    case 'one':
      break;
  }
  if (available === 0) throw argumentError(argument, 'expected one argument');
  return 1;
}

function checked(argument: Argument, word: string): ParsedValue {
  const value = converted(argument, word);
  if (!argument.choices || argument.choices.includes(word)) return value;
  const close = closeMatches(word, argument.choices).map((choice) => `  * ${choice}`);
  const hint = close.length > 0 ? ['Maybe you meant:\n', ...close] : [];
  throw argumentError(argument, [`Found invalid choice ${textRepr(word)}\n`, ...hint].join('\n'));
}

function converted(argument: Argument, word: string): ParsedValue {
  if (argument.type === undefined || argument.type === 'text') return word;
  const value = argument.type === 'int' ? parseInteger(word) : parseFloat64(word);
  if (value === undefined)
    throw argumentError(argument, `invalid ${argument.type} value: ${textRepr(word)}`);
  return value;
}

const argumentError = ({ name }: Argument, message: string): Error =>
  usageError(`argument ${name}: ${message}`);

/** A wrong command line; the usage follows the message. */
const usageError = (message: string): Error => parameterError(`${message}\n\n${USAGE}`);

/** Says how commands are built. Python puts `usage: ` before it. */
export const USAGE = `usage: likeness [options] <command> <subcommand> [<subcommand> ...] [parameters]
To see help text, you can run:

  likeness help
  likeness <command> help
  likeness <command> <subcommand> help
`;
