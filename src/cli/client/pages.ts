import type { OperationCommand, Paging } from '../arguments/options.js';
import { CommandError } from '../errors.js';
import { decodeBase64 } from '../python/base64.js';
import { JsonSyntaxError, readJson } from '../python/json-reader.js';
import { jsonLine } from '../python/json-writer.js';
import { parseFloat64, parseInteger } from '../python/numbers.js';
import { repr, str } from '../python/repr.js';
import { type Dict, isDict, isList, isTrue, typeName, type Value } from '../python/value.js';

/** The paging options of a command. */
export interface PagingOptions {
  readonly startingToken?: string;
  readonly pageSize?: bigint;
  readonly maxItems?: bigint;
}

/** The pages of a listing; once they are read, the token to go on with, if the listing was cut. */
export interface Pages {
  readonly paging: Paging;
  read(): AsyncGenerator<Dict>;
  /** Members that are the same on every page, from the first one. */
  readonly constant: Dict;
  readonly resumeToken: string | undefined;
}

interface Start {
  token: Value;
  /** Items of the first page that were shown before. */
  skip: bigint;
}

/**
 * Calls a paged operation until there are no more pages or enough items. A listing cut inside a page goes
 * on there: the token names the page and the items to skip.
 */
export class PageReader implements Pages {
  readonly paging: Paging;
  readonly #call: (parameters: Dict) => Promise<Dict>;
  readonly #parameters: Dict;
  readonly #options: PagingOptions;
  constant: Dict = new Map();
  resumeToken: string | undefined;

  constructor(
    paging: NonNullable<OperationCommand['paging']>,
    call: (parameters: Dict) => Promise<Dict>,
    parameters: Dict,
    options: PagingOptions,
  ) {
    this.paging = paging;
    this.#call = call;
    this.#parameters = new Map(parameters);
    this.#options = options;
  }

  async *read(): AsyncGenerator<Dict> {
    const { startingToken, pageSize, maxItems } = this.#options;
    const start = startingToken === undefined ? undefined : readStart(startingToken);
    const [primary] = this.paging.results;
    let token: Value = start?.token ?? null;
    let previous: Value = null;
    let total = 0;
    if (start) this.#setToken(token);
    if (pageSize !== undefined) this.#parameters.set('MaxResults', pageSize);
    for (let first = true; ; first = false) {
      const page = await this.#call(this.#parameters);
      if (first && start) this.#skip(page, start.skip);
      if (first) this.constant = pick(page, this.paging.constant);
      const items = page.get(primary) ?? null;
      const count = isList(items) ? items.length : 0;
      const surplus = maxItems === undefined ? 0 : total + count - Number(maxItems);
      if (surplus > 0) {
        const kept = count - surplus;
        page.set(primary, (isList(items) ? items : []).slice(0, kept));
        const skipped = BigInt(kept) + (first ? (start?.skip ?? 0n) : 0n);
        this.#resumeAt(token, skipped);
        yield page;
        break;
      }
      yield page;
      total += count;
      const next = page.get('NextToken') ?? null;
      token = isTrue(next) ? next : null;
      if (token === null) break;
      if (maxItems !== undefined && BigInt(total) === maxItems) {
        this.#resumeAt(token);
        break;
      }
      if (previous !== null && str(previous) === str(token))
        throw new CommandError(
          `Error during pagination: The same next token was received twice: {'NextToken': ${repr(token)}}`,
        );
      this.#setToken(token);
      previous = token;
    }
  }

  #setToken(token: Value): void {
    if (token !== null && token !== 'None') this.#parameters.set('NextToken', token);
    else this.#parameters.delete('NextToken');
  }

  #resumeAt(token: Value, skip?: bigint): void {
    const members: (readonly [string, Value])[] = [['NextToken', token]];
    if (skip !== undefined) members.push(['boto_truncate_amount', skip]);
    this.resumeToken = Buffer.from(jsonLine(new Map(members)), 'utf8').toString('base64');
  }

  /** Leaves out what was shown before; secondary results were shown whole. */
  #skip(page: Dict, count: bigint): void {
    const [primary, ...others] = this.paging.results;
    const items = page.get(primary);
    page.set(
      primary,
      isList(items) || typeof items === 'string' ? items.slice(Number(count)) : null,
    );
    for (const name of others) {
      const value = page.get(name);
      if (isList(value)) page.set(name, []);
      else if (typeof value === 'string') page.set(name, '');
      else if (typeof value !== 'bigint' && typeof value !== 'number') page.set(name, null);
    }
  }
}

const pick = (page: Dict, names: readonly string[]): Dict =>
  new Map(names.map((name) => [name, page.get(name) ?? null]));

/** Reads a token this program gave out, or takes it for the service's own. */
function readStart(text: string): Start {
  const decoded = decodeToken(text);
  if (decoded === undefined) return readOldStart(text);
  // Python's list cannot take the token out either, but fails in a way that is caught.
  if (isList(decoded)) return readOldStart(text);
  if (!isDict(decoded))
    throw new CommandError(`'${typeName(decoded)}' object has no attribute 'pop'`);
  const skip = decoded.get('boto_truncate_amount');
  return {
    token: decoded.get('NextToken') ?? null,
    skip: typeof skip === 'bigint' ? skip : 0n,
  };
}

function decodeToken(text: string): Value | undefined {
  const bytes = decodeBase64(text);
  if (!bytes) return undefined;
  try {
    return readJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** `token___5`, as old versions wrote it; anything else is a token of the service. */
function readOldStart(text: string): Start {
  const parts = text.split('___');
  const skip = parts.length === 2 ? parseInteger(parts[1] ?? '') : undefined;
  if (skip !== undefined) return { token: parts[0] ?? '', skip };
  if (parts.length > 2) throw new CommandError(`Bad starting token: ${text}`);
  return { token: text, skip: 0n };
}

/** All pages as one result: lists joined, constants from the first page, the token last. */
export async function joinPages(pages: Pages): Promise<Dict> {
  const result: Dict = new Map();
  for await (const page of pages.read())
    for (const name of pages.paging.results) {
      const value = page.get(name) ?? null;
      if (value === null) continue;
      const existing = result.get(name) ?? null;
      result.set(name, existing === null ? copied(value) : joined(existing, value));
    }
  for (const [name, value] of pages.constant) result.set(name, value);
  if (pages.resumeToken !== undefined) result.set('NextToken', pages.resumeToken);
  return result;
}

const copied = (value: Value): Value => (isList(value) ? [...value] : value);

function joined(existing: Value, value: Value): Value {
  if (isList(existing) && isList(value)) {
    existing.push(...value);
    return existing;
  }
  if (typeof existing === 'string' && typeof value === 'string') return existing + value;
  if (typeof existing === 'bigint' && typeof value === 'bigint') return existing + value;
  const [left, right] = [parseFloat64(str(existing)), parseFloat64(str(value))];
  return left === undefined || right === undefined ? existing : left + right;
}
