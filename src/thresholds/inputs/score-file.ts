import { basename } from 'node:path';
import { OperatorError } from '../../errors.js';
import { linesOf } from './lines.js';

/** One comparison of another engine. */
export interface ScoredPair {
  /** NaN: the engine could not compare them (a failure to enrol or acquire). */
  score: number;
  genuine: boolean;
  /** Who was compared; undefined: the file does not say. */
  subjects: readonly [string, string] | undefined;
}

type Reader = (line: string, where: () => string) => ScoredPair | undefined;

/** Score files of one measurement; for a file of one kind only, which. */
export interface ScoreFile {
  path: string;
  kind: 'labelled' | 'genuine' | 'impostor';
}

const SCORE = ['score', 'similarity', 'cosine', 'distance', 'scores', 'value'];
const LABEL = ['genuine', 'label', 'same', 'match', 'mated', 'is_same', 'issame', 'target', 'type'];
const FIRST = [
  'a',
  'subject_a',
  'subject1',
  'probe',
  'probe_subject',
  'probe_subject_id',
  'person1',
];
const SECOND = [
  'b',
  'subject_b',
  'subject2',
  'reference',
  'gallery',
  'bio_ref_subject_id',
  'person2',
];

const YES = new Set(['1', 'true', 'yes', 'genuine', 'mated', 'same', 'match', 'target', 'client']);
const NO = new Set([
  '0',
  '-1',
  'false',
  'no',
  'impostor',
  'imposter',
  'nonmated',
  'non-mated',
  'different',
  'nonmatch',
  'nontarget',
]);

/**
 * Reads comparisons, a batch of lines at a time:
 * - CSV with a header that names a score and a label (and the two people, if it has them);
 * - JSON lines with the same names;
 * - four or five columns without a header, as bob.bio has them: claimed id, (model), real id, probe, score;
 * - two columns without a header, as bob.measure has them: 1 or −1, score;
 * - a score a line, or probe, reference and score, in a file of genuine or of impostor scores, as pyeer has them.
 *
 * A score may be `nan`. OperatorError names the line that is none of these or whose score is no finite number.
 */
export async function* scoresOf(
  { path, kind }: ScoreFile,
  signal?: AbortSignal,
): AsyncGenerator<ScoredPair[]> {
  let read: Reader | undefined;
  let number = 0;
  const where = (): string => `${basename(path)}: line ${number}`;
  for await (const lines of linesOf(path, signal)) {
    const batch: ScoredPair[] = [];
    for (const line of lines) {
      number++;
      if (line === '' || line.startsWith('#')) continue;
      if (!read) {
        const found = readerFor(line, kind, where);
        read = found.read;
        if (found.header) continue;
      }
      const pair = read(line, where);
      if (pair) batch.push(pair);
    }
    yield batch;
  }
}

function readerFor(
  line: string,
  kind: ScoreFile['kind'],
  where: () => string,
): { read: Reader; header: boolean } {
  if (kind !== 'labelled') return { read: readPlain(kind === 'genuine'), header: false };
  if (line.trimStart().startsWith('{')) return { read: readJson, header: false };
  const read = readCells(line);
  if (read) return { read, header: true };
  const columns = line.trim().split(/\s+/).length;
  if (columns === 4 || columns === 5) return { read: readBob, header: false };
  if (columns === 2 && /^\s*-?1\s/.test(line)) return { read: readSigned, header: false };
  throw new OperatorError(
    `${where()}: expected a header with the columns score and genuine (1 or 0), JSON lines, bob’s two, four or five columns, or --genuine FILE --impostor FILE with a score a line`,
  );
}

const placeOf = (titles: readonly string[], names: readonly string[]): number =>
  titles.findIndex((title) => names.includes(title));

const DELIMITERS = [',', ';', '\t'] as const;

const cells = (line: string, delimiter: string): string[] => {
  const row = line.split(delimiter);
  return line.includes('"') ? row.map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')) : row;
};

function readCells(header: string): Reader | undefined {
  const delimiter = DELIMITERS.find((each) => header.includes(each)) ?? ',';
  const titles = cells(header, delimiter).map((title) => title.trim().toLowerCase());
  const [score, label] = [placeOf(titles, SCORE), placeOf(titles, LABEL)];
  const [first, second] = [placeOf(titles, FIRST), placeOf(titles, SECOND)];
  if (score < 0 || label < 0) return undefined;
  return (line, where) => {
    const row = cells(line, delimiter);
    return {
      score: numberOf(row[score], where),
      genuine: truthOf(row[label], where),
      subjects: first >= 0 && second >= 0 ? pairOf(row[first] ?? '', row[second] ?? '') : undefined,
    };
  };
}

function readJson(line: string, where: () => string): ScoredPair {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch (cause) {
    throw new OperatorError(`${where()} is not JSON: ${line.slice(0, 80)}`, { cause });
  }
  const text = (names: readonly string[]): string | undefined => {
    const name = names.find((each) => record[each] !== undefined && record[each] !== null);
    return name === undefined ? undefined : String(record[name]);
  };
  const [first, second] = [text(FIRST), text(SECOND)];
  return {
    score: numberOf(text(SCORE), where),
    genuine: truthOf(text(LABEL), where),
    subjects: first !== undefined && second !== undefined ? pairOf(first, second) : undefined,
  };
}

function readBob(line: string, where: () => string): ScoredPair {
  const row = line.trim().split(/\s+/);
  const [claimed = '', real = ''] = row.length === 5 ? [row[0], row[2]] : [row[0], row[1]];
  return {
    score: numberOf(row.at(-1), where),
    genuine: claimed === real,
    subjects: pairOf(claimed, real),
  };
}

function readSigned(line: string, where: () => string): ScoredPair {
  const [sign, score] = line.trim().split(/\s+/);
  return { score: numberOf(score, where), genuine: truthOf(sign, where), subjects: undefined };
}

const readPlain =
  (genuine: boolean): Reader =>
  (line, where) => {
    const row = line.trim().split(/[\s,;]+/);
    const [first, second] = row;
    return {
      score: numberOf(row.at(-1), where),
      genuine,
      subjects:
        row.length >= 3 && first !== undefined && second !== undefined
          ? pairOf(first, second)
          : undefined,
    };
  };

const pairOf = (first: string, second: string): [string, string] => [first, second];

function numberOf(text: string | undefined, where: () => string): number {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) || text?.trim().toLowerCase() === 'nan') return value;
  throw new OperatorError(
    `${where()}: the score is ${text || 'missing'}, expected a finite number, or nan where the engine could not compare`,
  );
}

function truthOf(text: string | undefined, where: () => string): boolean {
  if (text === '1') return true;
  if (text === '0') return false;
  const word = (text ?? '').trim().toLowerCase();
  if (YES.has(word)) return true;
  if (NO.has(word)) return false;
  throw new OperatorError(
    `${where()}: expected 1 or genuine, or 0 or impostor, got ${text ?? 'nothing'}`,
  );
}

/** Whether a file's first line is one of scores. */
export async function looksLikeScores(path: string): Promise<boolean> {
  for await (const lines of linesOf(path)) {
    const line = lines.find((each) => each !== '' && !each.startsWith('#'));
    if (line === undefined) continue;
    try {
      readerFor(line, 'labelled', () => path);
      return true;
    } catch {
      return false;
    }
  }
  return false;
}
