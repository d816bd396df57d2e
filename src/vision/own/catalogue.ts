import { fileURLToPath } from 'node:url';
import { OperatorError } from '../../errors.js';
import type { CardFile, FusionPart } from '../cards.js';
import { isBuiltIn, MODEL_NAME } from '../models.js';
import { FAMILIES, type FamilyName } from './families.js';
import { type CardDraft, type FusionDraft, MOST_BYTES, readJson } from './source.js';

/** The kinds of archives that are read. */
const ARCHIVE_KINDS = ['tgz', 'zip'] as const;

/** An archive in which a model is published. */
export interface CatalogueArchive {
  kind: (typeof ARCHIVE_KINDS)[number];
  /** The same bytes at each of them; the first that answers counts. */
  urls: readonly string[];
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** The npm package that it is, whose files are taken from where it is installed, if it is. */
  package?: string;
}

/** A file of a model and where it is to be had: by itself, or inside an archive. */
export interface CatalogueFile extends CardFile {
  bytes: number;
  /** The same bytes at each of them; the first that answers counts. */
  urls?: readonly string[];
  /** Its name in the entry's archive; tried after the URLs. */
  member?: string;
}

/** What the catalogue says of every model: what it is, and under which licence. */
interface EntryHead {
  name: string;
  title: string;
  /** Who published it. */
  origin: string;
  licence: { weights: string; text: string };
  /** Whether the licence rules out uses that people make of Likeness, so that it has to be accepted. */
  mustAccept: boolean;
  /** Numbers of an embedding. */
  dimension: number;
  /** Where sizes and checksums were found. */
  evidence: string;
  /** What else the card says. */
  card?: CardDraft;
}

/** A well-known net with the pinned content of its files. */
export interface CatalogueEntry extends EntryHead {
  format: 'onnx' | 'tfjs-graph';
  family: FamilyName;
  files: readonly CatalogueFile[];
  /** What holds the files that have no URL of their own. */
  archive?: CatalogueArchive;
}

/** Several nets taken together, each in the catalogue or with the program. */
export interface CatalogueFusion extends EntryHead {
  format: 'fusion';
  parts: readonly FusionPart[];
}

/** A model that can be had by name. */
export type CatalogueModel = CatalogueEntry | CatalogueFusion;

/** Both src/vision/own and dist/vision/own lie three directories below the project. */
const SHIPPED = fileURLToPath(new URL('../../../models/catalogue.json', import.meta.url));

/**
 * The models that can be had by name.
 *
 * @param path a catalogue of the operator's own in place of the one that comes with the program.
 * @throws OperatorError that names the member that is wrong.
 */
export async function loadCatalogue(path: string = SHIPPED): Promise<CatalogueModel[]> {
  const content = await readJson(path);
  if (content === undefined) throw new OperatorError(`${path}: there is no such catalogue`);
  const { models } = Object(content) as { models?: unknown };
  if (!Array.isArray(models) || models.length === 0)
    throw new OperatorError(`${path}: expected an object with a list of models`);
  for (const [index, model] of models.entries()) checkEntry(`${path}: models[${index}]`, model);
  const entries = models as CatalogueModel[];
  const names = new Set<string>();
  for (const { name } of entries) {
    if (names.has(name)) throw new OperatorError(`${path}: names ${name} twice`);
    names.add(name);
  }
  for (const entry of entries) requireParts(path, entry, entries);
  return entries;
}

/**
 * The model of this name.
 *
 * @throws OperatorError that lists those there are.
 */
export function findEntry(entries: readonly CatalogueModel[], name: string): CatalogueModel {
  const entry = entries.find((each) => each.name === name);
  if (entry) return entry;
  throw new OperatorError(
    `the catalogue has no model ${name}, only ${entries.map((each) => each.name).join(', ')}: see likeness models list --available`,
  );
}

/**
 * The nets that have to be got for a model: itself, or those of its parts that do not come with the program.
 */
export const netsOf = (
  entry: CatalogueModel,
  entries: readonly CatalogueModel[],
): CatalogueEntry[] =>
  entry.format === 'fusion'
    ? entry.parts
        .filter(({ model }) => !isBuiltIn(model))
        .map(({ model }) => findEntry(entries, model) as CatalogueEntry)
    : [entry];

/** Bytes that have to be got for a net: its archive, where its files are had from nowhere else. */
export function downloadOf({ files, archive }: CatalogueEntry): number {
  const whole = archive && files.every(({ urls }) => urls === undefined);
  if (whole && archive.package === undefined) return archive.bytes;
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What the catalogue says of a net, as the draft of its card. */
export const draftOf = (entry: CatalogueEntry): CardDraft => ({
  ...headOf(entry),
  outputs: [{ length: entry.dimension }],
  ...entry.card,
});

/** The same of a fusion. */
export const fusionDraftOf = (entry: CatalogueFusion): FusionDraft => ({
  ...headOf(entry),
  format: 'fusion',
  parts: entry.parts,
  ...(entry.card?.version !== undefined && { version: entry.card.version }),
  ...(entry.card?.calibration && { calibration: entry.card.calibration }),
});

const headOf = ({ name, title, origin, licence }: CatalogueModel) => ({
  name,
  title,
  source: { origin },
  licence,
});

/** What a fusion is made of must be a net of the same catalogue, or come with the program. */
function requireParts(
  path: string,
  entry: CatalogueModel,
  entries: readonly CatalogueModel[],
): void {
  if (entry.format !== 'fusion') return;
  for (const { model } of entry.parts)
    if (
      !isBuiltIn(model) &&
      !entries.some(({ name, format }) => name === model && format !== 'fusion')
    )
      throw new OperatorError(
        `${path}: the fusion ${entry.name} is made of ${model}, which is not in it`,
      );
}

type Check = readonly [member: string, good: (value: unknown) => boolean, expected: string];

const text = (value: unknown): boolean => typeof value === 'string' && value !== '';

const OF_EVERY_MODEL: readonly Check[] = [
  [
    'name',
    (value) => text(value) && MODEL_NAME.test(value as string),
    'up to 64 lower-case letters, digits, ".", "_", "-"',
  ],
  ['title', text, 'what it is'],
  [
    'format',
    (value) => value === 'onnx' || value === 'tfjs-graph' || value === 'fusion',
    'onnx, tfjs-graph or fusion',
  ],
  ['origin', text, 'who published it'],
  [
    'licence',
    (value) => text((value as { weights?: unknown } | null)?.weights),
    'an object with weights, the licence',
  ],
  ['mustAccept', (value) => typeof value === 'boolean', 'true or false'],
  [
    'dimension',
    (value) => Number.isInteger(value) && (value as number) > 0,
    'the numbers of an embedding',
  ],
  ['evidence', text, 'where sizes and checksums were found'],
];

const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

const OF_A_NET: readonly Check[] = [
  [
    'family',
    (value) => Object.hasOwn(FAMILIES, String(value)),
    `one of ${Object.keys(FAMILIES).join(', ')}`,
  ],
  ['files', isList, 'a list of files'],
  ['archive', (value) => value === undefined || isPlain(value), 'an archive, or nothing'],
];

const OF_A_FUSION: readonly Check[] = [['parts', isList, 'a list of models with weights']];

const OF_A_PART: readonly Check[] = [
  ['model', text, 'the name of a model'],
  ['weight', (value) => Number.isFinite(value) && (value as number) > 0, 'a number above 0'],
];

/** What is pinned has these. */
const OF_CONTENT: readonly Check[] = [
  [
    'bytes',
    (value) => Number.isInteger(value) && (value as number) > 0 && (value as number) <= MOST_BYTES,
    'its size, at most 2 GiB',
  ],
  ['sha256', (value) => /^[0-9a-f]{64}$/.test(String(value)), '64 lower-case hexadecimal digits'],
];

const URLS: Check = [
  'urls',
  (value) => Array.isArray(value) && value.length > 0 && value.every(isWebAddress),
  'a list of http or https URLs',
];

const OF_AN_ARCHIVE: readonly Check[] = [
  [
    'kind',
    (value) => ARCHIVE_KINDS.some((kind) => kind === value),
    `one of ${ARCHIVE_KINDS.join(', ')}`,
  ],
  URLS,
  ...OF_CONTENT,
  ['package', (value) => value === undefined || text(value), 'the name of an npm package'],
];

const MEMBER: Check = ['member', text, 'its name in the archive'];

const OF_A_FILE: readonly Check[] = [
  [
    'path',
    (value) => text(value) && /^[^/\\]+$/.test(value as string) && !/^\.+$/.test(value as string),
    'the name of a file',
  ],
  [
    'role',
    (value) => ['topology', 'weights', 'onnx'].includes(String(value)),
    'topology, weights or onnx',
  ],
  ...OF_CONTENT,
];

const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isWebAddress = (value: unknown): boolean =>
  text(value) && URL.canParse(value as string) && /^https?:/.test(value as string);

function checkEntry(where: string, model: unknown): void {
  checkMembers(where, model, OF_EVERY_MODEL);
  const entry = model as CatalogueModel;
  if (entry.format === 'fusion') {
    checkMembers(where, model, OF_A_FUSION);
    for (const [index, part] of entry.parts.entries())
      checkMembers(`${where}.parts[${index}]`, part, OF_A_PART);
    return;
  }
  checkMembers(where, model, OF_A_NET);
  const { files, archive } = entry;
  if (archive) checkMembers(`${where}.archive`, archive, OF_AN_ARCHIVE);
  for (const [index, file] of files.entries()) {
    const source = archive && file.urls === undefined ? MEMBER : URLS;
    checkMembers(`${where}.files[${index}]`, file, [...OF_A_FILE, source]);
  }
}

function checkMembers(where: string, value: unknown, checks: readonly Check[]): void {
  const members = Object(value) as Record<string, unknown>;
  for (const [member, good, expected] of checks)
    if (!good(members[member]))
      throw new OperatorError(
        `${where}.${member} is ${JSON.stringify(members[member]) ?? 'missing'}, expected ${expected}`,
      );
}
