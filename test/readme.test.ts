import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../src/config.js';
import { OPERATIONS } from '../src/model/operations.js';

const readme = readFileSync(resolve(import.meta.dirname, '../README.md'), 'utf8');

/** The settings table as README shows it. */
function settingsTable(): string {
  const rows = Object.values(SETTINGS).map(({ env, default: fallback, help }) => {
    const text = String(fallback);
    const shown = text === '' ? '' : `\`${text}\``;
    return `| \`${env.join('`, `')}\` | ${shown} | ${help} |`;
  });
  return ['| name | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

describe('README', () => {
  it('lists every setting with its default', () => {
    const [, shown] = /<!-- settings -->\n([\s\S]*?)\n<!-- \/settings -->/.exec(readme) ?? [];
    expect(shown).toBe(settingsTable());
  });

  it('names every operation', () => {
    for (const name of Object.keys(OPERATIONS)) expect(readme).toContain(name);
  });

  it('begins with the two commands', () => {
    const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(readme) ?? [];
    expect(
      block
        .trim()
        .split('\n')
        .map((line) => line.replace(/ *#.*/, '')),
    ).toEqual(['npm run demo', 'npm test']);
  });
});
