import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { OperatorError } from '../../errors.js';
import { columns } from '../columns.js';
import { processIo } from '../process-io.js';

const OPTIONS = {
  name: { type: 'string' },
  'face-model-version': { type: 'string' },
  family: { type: 'string' },
  licence: { type: 'string' },
  origin: { type: 'string' },
  card: { type: 'string' },
  size: { type: 'string' },
  order: { type: 'string' },
  mean: { type: 'string' },
  divisor: { type: 'string' },
  layout: { type: 'string' },
  input: { type: 'string' },
  output: { type: 'string' },
  mirror: { type: 'boolean' },
  available: { type: 'boolean', default: false },
  catalogue: { type: 'string' },
  from: { type: 'string' },
  member: { type: 'string' },
  'accept-license': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parse>['values'];

interface Request {
  names: readonly string[];
  values: Values;
  directory: string;
  dataDirectory: string;
}

const VERBS: Readonly<Record<string, (request: Request) => Promise<number | void>>> = {
  list,
  add,
  pull,
  verify,
  remove,
};

/** Lists, adds, pulls, verifies and removes embedding models of the operator. */
export async function models(args: readonly string[]): Promise<number | void> {
  const { values, positionals } = parse(args);
  const [verb = '', ...names] = positionals;
  const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!run) throw new OperatorError('no such form: see likeness models --help');
  const { modelsDirectoryOf, readConfig } = await import('../../config.js');
  const config = readConfig(process.env);
  const { dataDirectory } = config;
  return run({ names, values, directory: modelsDirectoryOf(config), dataDirectory });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}

async function list({ directory, values }: Request): Promise<void> {
  if (values.available) return available({ directory, values });
  const { describeModels } = await import('../../vision/own/describe.js');
  const described = await describeModels(directory);
  process.stdout.write(values.json ? `${JSON.stringify(described, null, 2)}\n` : table(described));
}

/** The catalogue, with which of its models are here already. */
async function available({ directory, values }: Pick<Request, 'directory' | 'values'>) {
  const { downloadOf, loadCatalogue, netsOf } = await import('../../vision/own/catalogue.js');
  const { listModels } = await import('../../vision/own/installed-models.js');
  const { megabytes } = await import('../models/progress.js');
  const entries = await loadCatalogue(values.catalogue);
  if (values.json) {
    process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
    return;
  }
  const here = new Set((await listModels(directory)).map(({ name }) => name));
  const rows = entries.map((entry) => {
    const { name, title, dimension, licence, mustAccept } = entry;
    const bytes = netsOf(entry, entries).reduce((sum, net) => sum + downloadOf(net), 0);
    return {
      name,
      dimension,
      size: megabytes(bytes),
      licence: mustAccept ? `${licence.weights} (--accept-license)` : licence.weights,
      here: here.has(name) ? 'added' : '',
      title,
    };
  });
  process.stdout.write(table(rows));
}

async function pull({ names, values, directory }: Request): Promise<void> {
  const name = onlyName(names, 'name one model of likeness models list --available');
  const { findEntry, loadCatalogue } = await import('../../vision/own/catalogue.js');
  const { addFromCatalogue } = await import('../../vision/own/add-from-catalogue.js');
  const { findFiles, forgetDownloads, placeOf, requireAccepted } = await import(
    '../models/pull.js'
  );
  const entries = await loadCatalogue(values.catalogue);
  const entry = findEntry(entries, name);
  requireAccepted(entry, values['accept-license']);
  const place = values.from === undefined ? undefined : placeOf(values.from);
  const downloads = join(directory, '.downloads');
  const way = { downloads, place, io: processIo() };
  const taken: { at: string }[] = [];
  const wish = { entry, entries, said: await said(values) };
  const card = await addFromCatalogue(directory, wish, async (net) => {
    const files = await findFiles(net, way);
    taken.push(...files);
    return {
      folder: downloads,
      files,
      settled: files.every(({ at }) => dirname(at) === downloads),
    };
  });
  await forgetDownloads(downloads, taken);
  const { makeOf } = await import('../../vision/own/describe.js');
  process.stdout.write(`${entry.licence.text}\n`);
  showAdded(card, makeOf(card));
}

async function add({ names, values, directory }: Request): Promise<void> {
  const path = onlyName(names, 'name one file or folder, as in: likeness models add face.onnx');
  const { addModel } = await import('../../vision/own/add.js');
  const { FAMILIES } = await import('../../vision/own/families.js');
  const family = values.family ?? 'arcface';
  if (!isOneOf(FAMILIES, family))
    throw new OperatorError(
      `--family ${family}: expected one of ${Object.keys(FAMILIES).join(', ')}`,
    );
  const { kindOf, takeModel } = await import('../models/archive/archive.js');
  const { makeOf } = await import('../../vision/own/describe.js');
  const kind = kindOf(path);
  if (!kind && values.member !== undefined)
    throw new OperatorError(`--member: ${path} is no .zip, .tgz or .tar.gz`);
  const known = { family, said: await said(values) };
  if (!kind) {
    const card = await addModel(directory, { path, ...known });
    showAdded(card, makeOf(card));
    return;
  }
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(directory, '.unpacked-'));
  try {
    const model = await takeModel(path, kind, values.member, folder);
    const card = await addModel(directory, { path: model, ...known });
    showAdded(card, makeOf(card));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What became of a model, and what to do next. */
function showAdded(card: { name: string; calibration?: unknown }, made: string) {
  const measured = card.calibration === undefined ? NOT_MEASURED : '';
  process.stdout.write(
    `${card.name}: ${made}, checked and recorded.\n${measured}Use it: LIKENESS_MODEL=${card.name}\n`,
  );
}

const NOT_MEASURED =
  'Its similarities mean nothing yet: measure it with likeness thresholds --apply before collections use it.\n';

async function verify({ names, directory }: Request): Promise<number> {
  const { listModels, verifyModel } = await import('../../vision/own/installed-models.js');
  const all = names.length > 0 ? names : (await listModels(directory)).map(({ name }) => name);
  let faults = 0;
  for (const name of all)
    try {
      const { files, runtime, parity } = await verifyModel(name, directory);
      process.stdout.write(
        `ok     ${name}: ${files} checksums agree, ${runtime} gives the recorded numbers (cosine ${parity.cosine.toFixed(8)})\n`,
      );
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      faults++;
      process.stdout.write(`FAULT  ${name}: ${error.message}\n`);
    }
  return faults === 0 ? 0 : 1;
}

async function remove({ names, directory, dataDirectory }: Request): Promise<void> {
  const name = onlyName(names, 'name one model, as in: likeness models remove arcface');
  const { removeModel } = await import('../../vision/own/installed-models.js');
  const { placedModels } = await import('../../vision/own/describe.js');
  const model = (await placedModels(directory)).find((placed) => placed.model.name === name)?.model;
  if (model) await requireUnused(dataDirectory, model.id);
  await removeModel(name, directory);
  process.stdout.write(`${name} is removed.\n`);
}

/** A collection without its model cannot be searched, and the same file has to be found again. */
async function requireUnused(dataDirectory: string, modelId: string): Promise<void> {
  if (!existsSync(join(dataDirectory, 'catalog.db'))) return;
  const { openBeside } = await import('../../store/sqlite/beside.js');
  const store = openBeside(dataDirectory);
  try {
    let after: number | undefined;
    do {
      const { items, next } = await store.listCollections({
        limit: 100,
        ...(after !== undefined && { after }),
      });
      const user = items.find((collection) => collection.modelId === modelId);
      if (user)
        throw new OperatorError(
          `the collection ${user.collectionId} is of the model ${modelId}: move it to another first, or delete it`,
        );
      after = next;
    } while (after !== undefined);
  } finally {
    store.close();
  }
}

function onlyName(names: readonly string[], usage: string): string {
  const [name, ...rest] = names;
  if (name === undefined || rest.length > 0) throw new OperatorError(usage);
  return name;
}

const isOneOf = <T extends object>(choices: T, name: string): name is Extract<keyof T, string> =>
  Object.hasOwn(choices, name);

/** What the options say of a model, over what the file of --card says. */
async function said(values: Values): Promise<object> {
  const { merged } = await import('../../vision/own/draft.js');
  const { readJson } = await import('../../vision/own/source.js');
  const file = values.card === undefined ? {} : await readJson(values.card);
  if (typeof file !== 'object' || file === null || Array.isArray(file))
    throw new OperatorError(`--card ${values.card}: there is no card in it`);
  const mean = values.mean === undefined ? undefined : numberOf('mean', values.mean);
  const options = {
    name: values.name,
    version: values['face-model-version'],
    source: { origin: values.origin },
    licence: { weights: values.licence },
    mirrorAverage: values.mirror,
    input: {
      size: values.size === undefined ? undefined : numberOf('size', values.size),
      order: values.order,
      mean: mean === undefined ? undefined : [mean, mean, mean],
      divisor: values.divisor === undefined ? undefined : numberOf('divisor', values.divisor),
      layout: values.layout,
      node: values.input,
    },
    outputs: values.output === undefined ? undefined : [{ name: values.output }],
  };
  return merged<object>(file, options);
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number))
    throw new OperatorError(`--${option} ${text}: expected a number`);
  return number;
}

/** Rows under the names of their members, in columns. */
function table(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const header = Object.keys(rows[0] ?? {});
  const lines = [header, ...rows.map((row) => header.map((name) => String(row[name] ?? '')))];
  return `${columns(lines).join('\n')}\n`;
}
