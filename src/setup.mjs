// Prepares a fresh clone: dependencies, native kernels, compiled service; with the argument `build` the
// latter two alone. Plain JavaScript, because it runs before anything is installed. Each step is skipped
// when nothing it depends on has changed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const OLDEST_NODE = [20, 11];
const LINES_SHOWN = 15;

class SetupError extends Error {}

/** Node's headers, where they lie beside this Node: then compiling an addon downloads nothing. */
function headers() {
  const prefix = resolve(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include/node/node_api.h')) ? { npm_config_nodedir: prefix } : {};
}

/** The first and the last lines of a long text: npm says what is wrong first, compilers last. */
function shortened(text) {
  const lines = text.trimEnd().split('\n');
  if (lines.length <= 2 * LINES_SHOWN) return lines.join('\n');
  return [...lines.slice(0, LINES_SHOWN), '…', ...lines.slice(-LINES_SHOWN)].join('\n');
}

/** Runs a program; shows how long it has been running; throws with the end of its output when it fails. */
async function run(label, command, args) {
  const started = Date.now();
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`;
  const live = process.stderr.isTTY;
  if (live) process.stderr.write(`${label} …`);
  else process.stderr.write(`${label} …\n`);
  const timer = setInterval(
    () => process.stderr.write(live ? `\r${label} … ${seconds()}` : `${label} … ${seconds()}\n`),
    live ? 1000 : 20_000,
  );
  const output = [];
  const code = await new Promise((done) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...headers(), ...process.env },
    });
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      done(1);
    });
    child.on('close', done);
  });
  clearInterval(timer);
  process.stderr.write(
    live ? `\r${label}: ${code === 0 ? 'done' : 'failed'} in ${seconds()}\n` : '',
  );
  if (code === 0) return;
  throw new SetupError(`${label} failed:\n${shortened(Buffer.concat(output).toString())}`);
}

function digest(files) {
  const hash = createHash('sha256').update(
    `${process.version} ${process.platform} ${process.arch}`,
  );
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** Every source file below a folder, in a fixed order. */
function sources(folder, pattern) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((name) => join(folder, name))
    .filter((name) => pattern.test(name) && !name.includes('build/'))
    .toSorted();
}

/**
 * Does `work` unless the stamp file says it was done for exactly these inputs and `result` is there.
 * Work that answers false did not succeed but is not needed either: it is tried again next time.
 */
async function once({ stamp, inputs, result, work }) {
  const file = join(root, stamp);
  const wanted = digest(inputs);
  const done =
    existsSync(file) && existsSync(join(root, result)) && readFileSync(file, 'utf8') === wanted;
  if (done) return;
  if ((await work()) === false) return;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, wanted);
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupError(
    `Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${process.version}.`,
  );
}

async function installDependencies() {
  const npm = process.env.npm_execpath;
  const [command, first] = npm ? [process.execPath, [npm]] : ['npm', []];
  await run(
    'Installing dependencies (compiles SQLite, about two minutes the first time)',
    command,
    [...first, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
  );
}

async function buildNative() {
  const gyp = join(root, 'node_modules/node-gyp/bin/node-gyp.js');
  try {
    await run('Compiling the native kernels', process.execPath, [gyp, 'rebuild', '-C', 'native']);
    return true;
  } catch (error) {
    process.stderr.write(
      `${error.message}\n\nNo native kernels: the portable one is used, which is slower. To have them, install a C++ compiler, make and python3 and run this again.\n`,
    );
    return false;
  }
}

const buildService = () =>
  run('Compiling the service', process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    '.',
  ]);

try {
  checkNode();
  if (process.argv[2] !== 'build')
    await once({
      stamp: 'node_modules/.likeness-installed',
      inputs: ['package-lock.json'],
      result: 'node_modules/fastify/package.json',
      work: installDependencies,
    });
  await once({
    stamp: 'native/build/.likeness-built',
    inputs: sources('native', /\.(cc|h|gyp)$/),
    result: 'native/build/Release/likeness.node',
    work: buildNative,
  });
  await once({
    stamp: 'dist/.likeness-compiled',
    inputs: ['tsconfig.json', 'package-lock.json', ...sources('src', /\.ts$/)],
    result: 'dist/main.js',
    work: buildService,
  });
} catch (error) {
  process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
