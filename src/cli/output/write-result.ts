import type { OutputFormat } from '../arguments/options.js';
import { joinPages, type Pages } from '../client/pages.js';
import { CommandError } from '../errors.js';
import type { Output } from '../io.js';
import { jsonLine, jsonPieces } from '../python/json-writer.js';
import { codePoints, type Dict, isDict, isList, Moment, type Value } from '../python/value.js';
import type { Query } from '../query/evaluate.js';
import { QueryError } from '../query/lexer.js';
import { OutputError } from './stream.js';

export interface ResultOptions {
  readonly query: Query | undefined;
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
}

/** What an operation gave: one reply, or pages that are read as they are written. */
export type Result =
  | { readonly kind: 'reply'; readonly value: Dict }
  | { readonly kind: 'pages'; readonly pages: Pages };

type Write = (text: string) => void;

/**
 * Prints a result. JSON, YAML and tables show all pages as one, text and YAML streams show each page as it
 * comes; `--query` applies to what is shown. An empty reply prints nothing.
 */
export async function writeResult(
  format: OutputFormat | undefined,
  title: string,
  result: Result,
  { output, options }: { output: Pick<Output, 'write'>; options: ResultOptions },
): Promise<void> {
  const write: Write = (text) => output.write(encodable(text));
  switch (format) {
    case 'off':
      if (result.kind === 'pages') await joinPages(result.pages);
      return undefined;
    case 'text':
      return writeText(result, options, write);
    case 'yaml-stream':
      return unlessNobodyReads(() => writeYamlStream(result, options, write));
    case 'json':
    case 'yaml':
    case 'table':
    case undefined: {
      const whole = result.kind === 'pages' ? await joinPages(result.pages) : result.value;
      const value = select(options.query, whole);
      return unlessNobodyReads(() =>
        writeValue(format ?? 'json', { title, value, options }, write),
      );
    }
  }
}

/** A reader that has left ends these formats without a word; it is an error for text, in the AWS CLI as well. */
async function unlessNobodyReads(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof OutputError && error.isBrokenPipe)) throw error;
  }
}

/** Prints one value as JSON, YAML, a table or text. */
export async function writeValue(
  format: 'json' | 'yaml' | 'table' | 'text',
  { title, value, options }: { title: string; value: Value; options: ResultOptions },
  write: Write,
): Promise<void> {
  const isEmpty = isDict(value) && value.size === 0;
  if (format === 'json' && !isEmpty) for (const piece of jsonPieces(value)) write(piece);
  if (format === 'json' && !isEmpty) write('\n');
  if (format === 'yaml' && !isEmpty) await writeYaml(value, write);
  if (format === 'text')
    for (const line of (await import('./text.js')).textLines(value)) write(line);
  if (format !== 'table') return;
  const { tablePieces } = await import('./table.js');
  for (const piece of tablePieces(title, value, options))
    write(options.color ? `${piece}\x1b[0m` : piece);
}

function select(query: Query | undefined, value: Value): Value {
  if (!query) return value;
  try {
    return query.search(value);
  } catch (error) {
    if (error instanceof QueryError || error instanceof TypeError || error instanceof RangeError)
      throw new CommandError(error.message, undefined, { cause: error });
    throw error;
  }
}

/** A single scalar is written as JSON: YAML would end it with a line of dots. */
async function writeYaml(value: Value, write: Write): Promise<void> {
  const scalar = !isDict(value) && !isList(value) && !(value instanceof Uint8Array);
  if (scalar || value instanceof Moment) return write(`${readable(value)}\n`);
  const { yamlText } = await import('./yaml.js');
  write(yamlText(value));
}

/** JSON without escapes for what is not ASCII. */
const readable = (value: Value): string =>
  typeof value === 'string' ? [...jsonPieces(value)].join('') : jsonLine(value);

async function writeText(result: Result, { query }: ResultOptions, write: Write): Promise<void> {
  const { textLines } = await import('./text.js');
  const show = (value: Value): void => {
    for (const line of textLines(select(query, value))) write(line);
  };
  if (result.kind === 'reply') return show(result.value);
  const { pages } = result;
  let first = true;
  for await (const page of pages.read()) {
    const shown: Dict = new Map(first ? pages.constant : []);
    for (const name of pages.paging.results) shown.set(name, page.get(name) ?? null);
    first = false;
    show(shown);
  }
  if (pages.resumeToken !== undefined)
    show(new Map([['NextToken', new Map([['NextToken', pages.resumeToken]])]]));
}

async function writeYamlStream(
  result: Result,
  { query }: ResultOptions,
  write: Write,
): Promise<void> {
  const { yamlText } = await import('./yaml.js');
  if (result.kind === 'pages') {
    for await (const page of result.pages.read()) write(yamlText([select(query, page)]));
    return;
  }
  const value = select(query, result.value);
  if (!(isDict(value) && value.size === 0)) write(yamlText([value]));
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Half a surrogate pair cannot be written; Python ends there, after what came before it. */
function encodable(text: string): string {
  const lone = LONE_SURROGATE.exec(text);
  if (!lone) return text;
  const code = lone[0].charCodeAt(0).toString(16);
  const position = codePoints(text.slice(0, lone.index)).length;
  throw new CommandError(
    `'utf-8' codec can't encode character '\\u${code}' in position ${position}: surrogates not allowed`,
  );
}
