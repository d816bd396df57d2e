import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completion } from '../../src/cli/commands/completion.js';
import { findProgram } from '../clients/programs.js';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const DRIVER = join(import.meta.dirname, 'type-and-complete.py');
const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** A working folder with something to complete. */
const folder = mkdtempSync(join(tmpdir(), 'likeness-completion-'));
const script = (shell: Shell): string => join(folder, `completion.${shell}`);
beforeAll(() => {
  writeFileSync(join(folder, 'portrait.jpg'), '');
  mkdirSync(join(folder, 'people'));
  for (const shell of SHELLS)
    writeFileSync(script(shell), execFileSync(process.execPath, [CLI, 'completion', shell]));
});
afterAll(() => rmSync(folder, { recursive: true }));

const python = findProgram(['/usr/bin/python3', 'python3'], ['--version']);
const missing = (shell: Shell): string =>
  findProgram([shell], ['-c', 'exit']) === undefined
    ? `${shell} is not installed`
    : shell !== 'fish' && python === undefined
      ? 'python3 is not installed'
      : '';

/** What stands behind `likeness` after a tab at the end of each line, in the shell itself. */
function completed(shell: Shell, lines: readonly string[]): string[] {
  if (shell === 'fish') return lines.map(completedByFish);
  const asked = JSON.stringify({ shell, script: script(shell), cwd: folder, lines });
  const answer = execFileSync(python ?? '', [DRIVER, asked], { encoding: 'utf8' });
  return (JSON.parse(answer) as string[][]).map((words) => words.join(' '));
}

/** Fish tells its candidates without a terminal; one is what a tab puts into the line. */
function completedByFish(line: string): string {
  const source = `source '${script('fish')}'; complete -C 'likeness ${line}'`;
  const found = execFileSync('fish', ['-c', source], { cwd: folder, encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((candidate) => candidate.split('\t')[0] ?? '');
  const words = line.split(' ');
  return found.length === 1 && found[0] !== '' ? [...words.slice(0, -1), found[0]].join(' ') : line;
}

/** Lines and what a tab makes of them. */
const LINES = {
  assoc: 'associate-faces',
  'associate-faces --user-m': 'associate-faces --user-match-threshold',
  'list-faces --output te': 'list-faces --output text',
  'compare-faces --quality-filter ME': 'compare-faces --quality-filter MEDIUM',
  'index-faces --image-bytes fileb://por': 'index-faces --image-bytes fileb://portrait.jpg',
  'create-user --cli-input-json file://por': 'create-user --cli-input-json file://portrait.jpg',
  'import peo': 'import people/',
  'keys rot': 'keys rotate',
  'thresholds --target': 'thresholds --target-fmr',
  'status --end': 'status --endpoint-url',
  'doctor --he': 'doctor --help',
  '--vers': '--version',
  'no-such-comm': 'no-such-comm',
} as const;

describe.each(SHELLS)('completion in %s', (shell) => {
  const why = missing(shell);
  it.skipIf(why !== '')(
    `finishes commands, options, values and paths${why === '' ? '' : ` (skipped: ${why})`}`,
    () => {
      const lines = Object.keys(LINES);
      const answers = completed(shell, lines);
      expect(Object.fromEntries(lines.map((line, i) => [line, answers[i]]))).toEqual(LINES);
    },
    60_000,
  );
});

describe('likeness completion', () => {
  it('names the shells it knows', async () => {
    await expect(completion(['tcsh'])).rejects.toThrow('bash|zsh|fish');
  });
});
