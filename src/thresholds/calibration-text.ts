import type { Calibration } from '../domain/calibration.js';
import { cosineOf } from '../domain/similarity.js';
import { curveFor } from '../domain/user-scale.js';
import type { CalibrationSwitch } from '../store/calibrations.js';
import type { CalibrationDiff } from './calibration-diff.js';

/** Columns of text, the first flush left, the others flush right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}

/** A share as people read it: `9.8e-4`, `0.12`. */
export function rate(share: number): string {
  if (share === 0) return '0';
  return share < 0.01 ? share.toExponential(1) : share.toPrecision(2);
}

const count = (number: number, one: string, several = `${one}s`): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : several}`;

/** What a switch would change, for a terminal. */
export function diffText(diff: CalibrationDiff, collectionId: string): string {
  const { from, to, users, facesCompared, thresholds, moved, examples } = diff;
  const head = `Collection ${collectionId}: calibration ${from} → ${to}

${count(facesCompared, 'face')} of ${count(users.compared, 'user')} compared with the other faces of their user; ${count(users.withOneFace, 'user')} with a single face and ${users.withoutFaces} without have nothing to compare.
No face leaves its user by a switch. What changes is what later calls answer.

`;
  const meaning = columns([
    [
      'threshold',
      'strangers pass now',
      'after',
      'taken now',
      'after',
      'lost',
      'of users',
      'gained',
      'same decisions at',
    ],
    ...thresholds.map((row) => [
      String(row.threshold),
      rate(row.fmr.before),
      rate(row.fmr.after),
      share(row.accepted.before, facesCompared),
      share(row.accepted.after, facesCompared),
      String(row.lost.faces),
      String(row.lost.users),
      String(row.gained.faces),
      row.sameDecisionsAt.toFixed(1),
    ]),
  ]);
  const scale = columns([
    ['similarity now', ...diff.scale.map(({ similarity }) => String(similarity))],
    ['becomes', ...diff.scale.map(({ becomes }) => becomes.toFixed(1))],
  ]);
  const moves =
    facesCompared === 0
      ? ''
      : `\nSimilarities move by ${moved.median.toFixed(1)} (median), ${moved.p95.toFixed(1)} (95 %), ${moved.largest.toFixed(1)} at most.\n`;
  const most =
    examples.length === 0
      ? ''
      : `\n${columns([
          ['moves most: user', 'face', 'now', 'after'],
          ...examples.map(({ userId, faceId, before, after }) => [
            userId,
            faceId,
            before.toFixed(1),
            after.toFixed(1),
          ]),
        ])}`;
  return `${head}${meaning}\n${scale}${moves}${most}`;
}

const share = (part: number, whole: number): string =>
  whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;

/** Numbers of faces for which the cosines are shown. */
const USERS = [2, 5, 20] as const;

/** One version: what its similarities mean and what that rests on. */
export function calibrationText({ modelId, curve, evidence, createdAtMs }: Calibration): string {
  const { kind, source, points = [] } = evidence;
  const facts = [
    ['model', modelId],
    ['made', `${day(createdAtMs)}, ${kind}: ${source}`],
    ...(evidence.dataHash === undefined ? [] : [['data', `sha256 ${evidence.dataHash}`]]),
    ...(evidence.impostorPairs === undefined
      ? []
      : [
          [
            'pairs',
            `${count(evidence.impostorPairs, 'impostor')}, ${count(evidence.genuinePairs ?? 0, 'genuine', 'genuine')}; ${count(evidence.people ?? 0, 'person', 'people')}, ${count(evidence.photos ?? 0, 'photo')}`,
          ],
        ]),
    ...(evidence.command === undefined ? [] : [['command', evidence.command]]),
    ...(evidence.notes ?? []).map((note) => ['note', note]),
  ];
  const meaning = [50, 75, 80, 90, 95, 99].map((similarity) => [
    String(similarity),
    rate((1 - similarity / 100) ** (1 / curve.exponent)),
    cosineOf(curve, similarity).toFixed(5),
    ...(curve.gains ? USERS : []).map((faces) =>
      cosineOf(curveFor(curve, [faces]), similarity).toFixed(5),
    ),
  ]);
  const users = curve.gains ? USERS.map((faces) => `user of ${faces}`) : [];
  const measured = points.map(({ fmr, cosine, low, high, errors, basis }) => [
    rate(fmr),
    cosine.toFixed(5),
    low === undefined || high === undefined ? '–' : `${low.toFixed(5)}–${high.toFixed(5)}`,
    basis === 'measured' ? String(errors) : basis,
  ]);
  const table =
    points.length === 0
      ? columns([
          ['FMR', 'cosine'],
          ...curve.points.map(([cosine, log10Fmr]) => [rate(10 ** log10Fmr), cosine.toFixed(5)]),
        ])
      : columns([['FMR', 'cosine', 'interval', 'errors seen'], ...measured]);
  return `Calibration ${curve.version}

${facts.map(([name, text]) => `${(name ?? '').padEnd(8)}${text}`).join('\n')}

${columns([['similarity', 'strangers that score as high', 'cosine', ...users], ...meaning])}
Points of the curve:
${table}`;
}

export interface Uses {
  /** Defaults that were set, by model; a model that is missing uses the shipped one. */
  defaults: ReadonlyMap<string, string>;
  /** Collections by `modelId version`. */
  collections: ReadonlyMap<string, readonly string[]>;
  switches: readonly CalibrationSwitch[];
}

const MOST_NAMES = 3;
const MOST_SWITCHES = 10;

/** All versions, who uses them, and what was switched lately. */
export function listText(calibrations: readonly Calibration[], uses: Uses): string {
  if (calibrations.length === 0)
    return 'No calibration versions yet: the service stores its own when it starts.\n';
  const rows = calibrations.map(({ modelId, curve: { version }, evidence, createdAtMs }) => {
    const pinned = uses.collections.get(`${modelId} ${version}`) ?? [];
    const more = pinned.length > MOST_NAMES ? ` and ${pinned.length - MOST_NAMES} more` : '';
    return [
      version,
      modelId,
      evidence.kind,
      day(createdAtMs),
      uses.defaults.get(modelId) === version ? 'yes' : '',
      pinned.length === 0 ? '' : `${pinned.slice(0, MOST_NAMES).join(', ')}${more}`,
    ];
  });
  const history = uses.switches
    .slice(0, MOST_SWITCHES)
    .map(
      ({ atMs, collectionId, from, to }) =>
        `${new Date(atMs).toISOString()}  ${collectionId === undefined ? 'new collections' : `collection ${collectionId}`}: ${from ?? 'shipped'} → ${to ?? 'shipped'}\n`,
    )
    .join('');
  const table = columns([['version', 'model', 'kind', 'made', 'default', 'collections'], ...rows]);
  return history === '' ? table : `${table}\nSwitched:\n${history}`;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
