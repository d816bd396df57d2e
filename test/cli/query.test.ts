import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJson } from '../../src/cli/python/json-reader.js';
import { jsonString } from '../../src/cli/python/json-writer.js';
import { str } from '../../src/cli/python/repr.js';
import { isDict, isList, type Value } from '../../src/cli/python/value.js';
import { compileQuery } from '../../src/cli/query/evaluate.js';

interface Recorded {
  readonly document: string;
  readonly query: string;
  readonly result?: string;
  readonly syntaxError?: string;
  readonly error?: string;
}

/** What Python's jmespath 1.1.0 says to each expression on one document. */
const [{ document }, ...recorded] = readFileSync(
  join(import.meta.dirname, 'fixtures/queries.jsonl'),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded) as [Recorded, ...Recorded[]];

/** `json.dumps(value, ensure_ascii=False)`. */
function dumped(value: Value): string {
  if (isList(value)) return `[${value.map(dumped).join(', ')}]`;
  if (isDict(value))
    return `{${[...value].map(([key, item]) => `${jsonString(key, false)}: ${dumped(item)}`).join(', ')}}`;
  if (typeof value === 'string') return jsonString(value, false);
  return value === null || typeof value === 'boolean' ? String(value) : str(value);
}

function answer(query: string): Partial<Recorded> {
  let compiled: ReturnType<typeof compileQuery>;
  try {
    compiled = compileQuery(query);
  } catch (error) {
    return { syntaxError: (error as Error).message };
  }
  try {
    return { result: dumped(compiled.search(readJson(document))) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

describe('JMESPath', () => {
  it('answers as Python does: values, numbers and messages', () => {
    expect(recorded.length).toBeGreaterThan(300);
    expect(recorded.map(({ query }) => ({ query, ...answer(query) }))).toEqual(recorded);
  });

  it('keeps apart what JavaScript would not', () => {
    const value = readJson('{"a":[1,1.0,12345678901234567890,1e22,-0.0]}');
    expect(dumped(compileQuery('a').search(value))).toBe(
      '[1, 1.0, 12345678901234567890, 1e+22, -0.0]',
    );
    expect(dumped(compileQuery('a[?@ == `1`]').search(value))).toBe('[1, 1.0]');
  });
});
