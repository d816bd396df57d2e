import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ApiError, OperatorError } from '../../errors.js';

const DEFAULT_THRESHOLDS = [75, 80, 90] as const;

const OPTIONS = {
  data: { type: 'string' },
  'collection-id': { type: 'string' },
  model: { type: 'string' },
  as: { type: 'string' },
  threshold: { type: 'string', multiple: true },
  yes: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parse>['values'];
type Store = Awaited<ReturnType<typeof openStore>>;

interface Request {
  store: Store;
  /** What stands after the verb; '' for nothing. */
  name: string;
  values: Values;
}

const VERBS: Readonly<Record<string, (request: Request) => Promise<number | void>>> = {
  list,
  show,
  add,
  diff: async (request) => void (await difference(request)),
  use,
  default: setDefault,
  back,
};

/** Calibration versions of the data directory, whether the service runs or not: every switch counts at once. */
export async function calibrations(args: readonly string[]): Promise<number | void> {
  const { values, positionals } = parse(args);
  const [verb = '', name = '', ...rest] = positionals;
  const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  const takesName = verb !== 'list' && verb !== 'back';
  if (!run || rest.length > 0 || (name !== '') !== takesName)
    throw new OperatorError('no such form: see likeness calibrations --help');
  const store = await openStore(values);
  try {
    return await run({ store, name, values });
  } catch (error) {
    // What the API would answer a caller is here for the operator.
    throw error instanceof ApiError ? new OperatorError(error.message, { cause: error }) : error;
  } finally {
    store.close();
  }
}

async function openStore({ data }: { data?: string | undefined }) {
  const { openBeside } = await import('../../store/sqlite/beside.js');
  return openBeside(data ?? (process.env['LIKENESS_DATA'] || './likeness-data'));
}

const texts = () => import('../../thresholds/calibration-text.js');

const print = (text: string): void => void process.stdout.write(text);
const printJson = (value: unknown): void => print(`${JSON.stringify(value, null, 2)}\n`);

async function list({ store, values }: Request): Promise<void> {
  const all = await store.calibrations.list();
  const collections = new Map<string, string[]>();
  let after: number | undefined;
  do {
    const page = await store.listCollections({ limit: 100, ...(after && { after }) });
    for (const { collectionId, modelId, calibrationVersion } of page.items) {
      const key = `${modelId} ${calibrationVersion}`;
      collections.set(key, [...(collections.get(key) ?? []), collectionId]);
    }
    after = page.next;
  } while (after !== undefined);
  const defaults = new Map<string, string>();
  for (const modelId of new Set(all.map((each) => each.modelId))) {
    const version = await store.calibrations.defaultOf(modelId);
    if (version !== undefined) defaults.set(modelId, version);
  }
  const switches = await store.calibrations.switches();
  if (!values.json)
    return print((await texts()).listText(all, { defaults, collections, switches }));
  printJson({
    Calibrations: all,
    Defaults: Object.fromEntries(defaults),
    Collections: Object.fromEntries(collections),
    Switches: switches,
  });
}

async function show(request: Request): Promise<void> {
  const calibration = await chosen(request);
  if (request.values.json) printJson(calibration);
  else print((await texts()).calibrationText(calibration));
}

async function add({ store, name, values }: Request): Promise<void> {
  const { readCalibration } = await import('../../thresholds/keep-calibration.js');
  const calibration = readCalibration(readText(name), name, {
    version: values.as,
    nowMs: Date.now(),
  });
  await store.calibrations.add(calibration);
  const { modelId, curve } = calibration;
  print(
    `${curve.version} of ${modelId} is kept. Nothing uses it yet:\n${nextSteps(curve.version)}`,
  );
}

/** What to do with a version that was just made. */
export const nextSteps = (version: string): string =>
  `  likeness calibrations diff ${version} --collection-id ID     what would change\n  likeness calibrations use ${version} --collection-id ID      switch a collection\n  likeness calibrations default ${version}                     for new collections\n`;

/** Shows what would change; the collection and the version it would use. */
async function difference(request: Request) {
  const { store, values } = request;
  const { weighingCurve, requireCurve } = await import('../../thresholds/keep-calibration.js');
  const { diffCalibrations } = await import('../../thresholds/calibration-diff.js');
  const collection = await store.collection(requireCollection(values));
  const { collectionId, modelId, calibrationVersion } = collection;
  const all = await store.calibrations.list();
  const from = requireCurve(all, modelId, calibrationVersion);
  const to = requireCurve(all, modelId, request.name);
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(new OperatorError('stopped, nothing was changed'));
  process.once('SIGINT', stop);
  try {
    const diff = await diffCalibrations({
      from,
      to,
      shipped: weighingCurve(all, modelId),
      thresholds: thresholdsOf(values),
      people: store.people(collectionId),
      signal: interrupt.signal,
    });
    if (values.json) printJson({ CollectionId: collectionId, ...diff });
    else print((await texts()).diffText(diff, collectionId));
  } finally {
    process.removeListener('SIGINT', stop);
  }
  return { collection, to };
}

async function use(request: Request): Promise<number | void> {
  const { store, values } = request;
  const { collection, to } = await difference(request);
  const { collectionId, modelId, calibrationVersion: from } = collection;
  if (from === to.version) return print(`\nIt uses ${to.version} already.\n`);
  if (!(await agreed(values, `Switch ${collectionId} to ${to.version}?`))) return 1;
  const atMs = Date.now();
  await store.calibrations.switch({ modelId, collectionId, from, to: to.version, atMs });
  print(
    `\n${collectionId} uses ${to.version} from now on.\nBack: likeness calibrations back --collection-id ${collectionId}\n`,
  );
}

async function back(request: Request): Promise<number | void> {
  const { store, values } = request;
  const collectionId = requireCollection(values);
  const { calibrationVersion } = await store.collection(collectionId);
  const last = (await store.calibrations.switches()).find(
    (change) => change.collectionId === collectionId && change.to === calibrationVersion,
  );
  if (last?.from === undefined)
    throw new OperatorError(
      `${collectionId} was not switched: it uses ${calibrationVersion} still`,
    );
  return use({ ...request, name: last.from });
}

async function setDefault(request: Request): Promise<number | void> {
  const { store, name, values } = request;
  const shipped = name === 'shipped';
  const { modelId, curve } = shipped
    ? { modelId: await soleModel(store, values), curve: undefined }
    : await chosen(request);
  const from = await store.calibrations.defaultOf(modelId);
  if (from === curve?.version) return print(`${name} is the default of ${modelId} already.\n`);
  const what = `New collections of ${modelId}, and CompareFaces, use ${name} in place of ${from ?? 'the shipped calibration'}; collections that exist keep theirs.`;
  print(`${what}\n`);
  if (!(await agreed(values, 'Go on?'))) return 1;
  await store.calibrations.switch({
    modelId,
    collectionId: undefined,
    from,
    to: curve?.version,
    atMs: Date.now(),
  });
  print(`Done. Back: likeness calibrations default ${from ?? 'shipped'}\n`);
}

/** The version that was named; of one model, unless --model says of which. */
async function chosen({ store, name, values }: Request) {
  const all = await store.calibrations.list();
  const found = all.filter(
    ({ curve, modelId }) =>
      curve.version === name && (values.model === undefined || modelId === values.model),
  );
  const [only, ...others] = found;
  if (!only)
    throw new OperatorError(`there is no calibration version ${name}: likeness calibrations list`);
  if (others.length > 0)
    throw new OperatorError(
      `several models have a version ${name}: name one with --model: ${found.map(({ modelId }) => modelId).join(', ')}`,
    );
  return only;
}

async function soleModel(store: Store, { model }: Values): Promise<string> {
  const models = [...new Set((await store.calibrations.list()).map(({ modelId }) => modelId))];
  const [only = '', ...others] = model === undefined ? models : [model];
  if (only === '' || others.length > 0 || !models.includes(only))
    throw new OperatorError(
      `name a model with --model: ${models.join(', ') || 'there is none yet'}`,
    );
  return only;
}

/** Without a terminal to ask at, only --yes agrees. */
async function agreed({ yes, json }: Values, question: string): Promise<boolean> {
  if (yes) return true;
  if (json || !process.stdin.isTTY || !process.stdout.isTTY) {
    process.stderr.write('Nothing was changed: add --yes to do it.\n');
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`\n${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

function requireCollection(values: Values): string {
  const id = values['collection-id'];
  if (id === undefined) throw new OperatorError('name the collection: --collection-id ID');
  return id;
}

function thresholdsOf({ threshold }: Values): number[] {
  const given = (threshold ?? []).map((text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!(value >= 0 && value <= 100))
      throw new OperatorError(`--threshold takes a number from 0 to 100, got ${text}`);
    return value;
  });
  return [...new Set([...DEFAULT_THRESHOLDS, ...given])].toSorted((a, b) => a - b);
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    throw new OperatorError(`${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  } catch (cause) {
    throw new OperatorError((cause as Error).message, { cause });
  }
}
