// `npm run bench` runs every benchmark, one after another, and writes benchmarks/README.md from their results.
// `npm run bench -- short` only sees that all of them work: small sizes, results in a temporary folder, README untouched.
// `npm run bench -- scan scoring` runs those; `npm run bench -- table` none: it writes the README again.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BENCHMARKS } from './catalogue.mjs';

const FOLDER = import.meta.dirname;
const words = process.argv.slice(2);
const short = words.includes('short');
const names = words.filter((word) => word !== 'short' && word !== 'table');
const unknown = names.filter((name) => !BENCHMARKS.some(({ result }) => result === name));
if (unknown.length > 0) {
  const known = BENCHMARKS.map(({ result }) => result).join(', ');
  console.error(`no benchmark is called ${unknown.join(', ')}; there are ${known}`);
  process.exit(1);
}

const results = short ? mkdtempSync(join(tmpdir(), 'likeness-bench-')) : join(FOLDER, 'results');
const failed = words.includes('table') ? [] : run();
const rows = BENCHMARKS.flatMap(summary);
console.table(
  rows.map(({ question, what, shown, target, verdict }) => ({
    question,
    what,
    result: shown,
    target,
    verdict,
  })),
);
if (!short) writeReadme();
for (const script of failed) console.error(`${script} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;

/** Runs the scripts, each in a process of its own, and returns those that failed. */
function run() {
  if (!existsSync(join(FOLDER, 'node_modules'))) {
    console.log('installing what is measured beside …');
    spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: FOLDER,
      stdio: 'inherit',
    });
  }
  return BENCHMARKS.filter(({ result }) => names.length === 0 || names.includes(result)).flatMap(
    (benchmark) => {
      const args = short ? benchmark.short : benchmark.full;
      if (!args) return [];
      if (benchmark.needs && !existsSync(benchmark.needs)) {
        console.log(`\n— ${benchmark.script} left out: ${benchmark.needs} is not there`);
        return [];
      }
      console.log(`\n— ${benchmark.script} ${args.join(' ')}`);
      const { status } = spawnSync(process.execPath, [join(FOLDER, benchmark.script), ...args], {
        stdio: 'inherit',
        env: { ...process.env, LIKENESS_BENCH_RESULTS: results },
      });
      return status === 0 ? [] : [benchmark.script];
    },
  );
}

function summary({ question, result, answers }) {
  const file = join(results, `${result}.json`);
  const read = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  return answers.map(({ what, value, show, least, most, limit }) => {
    const found = read && value(read);
    const known = typeof found === 'number' && Number.isFinite(found);
    return {
      question,
      what,
      result,
      date: read?.date?.slice(0, 10) ?? '–',
      load: read?.loadAverage1Min?.toFixed(1) ?? '–',
      commit: read?.commit ?? '–',
      limit,
      shown: known ? show(found) : '–',
      target:
        least !== undefined ? `≥ ${show(least)}` : most !== undefined ? `≤ ${show(most)}` : '',
      verdict: known ? verdictOf(found, { least, most }) : '',
    };
  });
}

function verdictOf(value, { least, most }) {
  if (least !== undefined) return value >= least ? 'reached' : 'missed';
  if (most !== undefined) return value <= most ? 'reached' : 'missed';
  return '';
}

function writeReadme() {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const table = [
    line(['question', 'answer', 'result', 'target', '', 'measured (load, commit)']),
    line(['---', '---', '---', '---', '---', '---']),
    ...rows.map((row) =>
      line([
        row.question,
        row.what,
        row.shown,
        row.target,
        row.verdict,
        `[${row.date}](results/${row.result}.json) (${row.load}, ${row.commit})`,
      ]),
    ),
  ];
  const missed = rows
    .filter(({ verdict, limit }) => verdict === 'missed' && limit)
    .map(({ question, what, limit }) => `- ${question}, ${what}: ${limit}`);
  const file = join(FOLDER, 'README.md');
  const text = readFileSync(file, 'utf8');
  const put = (all, name, lines) =>
    all.replace(
      new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`),
      (_, begin, end) => `${begin}\n${lines.join('\n')}\n\n${end}`,
    );
  writeFileSync(file, put(put(text, 'results', table), 'missed', missed));
  console.log(`\nwritten to ${file}`);
}
