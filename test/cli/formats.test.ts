import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeValue } from '../../src/cli/output/write-result.js';
import { yamlText } from '../../src/cli/output/yaml.js';
import { readJson } from '../../src/cli/python/json-reader.js';

type Format = 'yaml' | 'text' | 'table' | 'yaml-stream';

/** What the formatters of aws-cli 2.9.19 print for values that try them hard. */
const recorded = readFileSync(join(import.meta.dirname, 'fixtures/formats.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Record<Format | 'value', string>);

async function printed(format: Format, json: string): Promise<string> {
  const value = readJson(json);
  if (format === 'yaml-stream') return yamlText([value]);
  let text = '';
  const options = { query: undefined, color: false, columns: 80 };
  try {
    await writeValue(format, { title: 'Op', value, options }, (piece) => (text += piece));
  } catch (error) {
    return `ERR ${(error as Error).message}`;
  }
  return text;
}

describe('output', () => {
  it.each(['yaml', 'text', 'table', 'yaml-stream'] as const)(
    'as %s is the same to the byte',
    async (format) => {
      expect(recorded.length).toBeGreaterThan(90);
      for (const row of recorded) expect(await printed(format, row.value)).toBe(row[format]);
    },
  );
});
