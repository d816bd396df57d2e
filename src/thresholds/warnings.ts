import type { Measured } from './assemble.js';
import { count } from './inputs/photos.js';
import type { CountedScores } from './inputs/score-tally.js';
import type { FaceInput } from './measure.js';
import type { Warning, WorstPair } from './report.js';
import type { Samples } from './samples.js';

const FEW_SUBJECTS = 30;
/** Different people who look this alike are mostly one person under two names, relatives or copies. */
const SUSPICIOUSLY_ALIKE = 95;
/** One person's photos that differ like strangers': at this similarity one stranger in twelve scores higher. */
const SUSPICIOUSLY_DIFFERENT = 40;
const MOST_ITEMS = 200;
/** Figures that differ by less may be what they should be. */
const NOTABLE_FACTOR = 2;

/** What a reader must know of faces before believing the figures. */
export function faceWarnings(input: FaceInput, samples: Samples, measured: Measured): Warning[] {
  return [
    ...dataWarnings(input, samples, measured),
    ...labelWarnings(measured),
    ...calibrationWarning(input, measured),
    ...mixedSources(measured),
  ];
}

/** What a reader must know of scores. */
export function scoreWarnings({ subjects, failed }: CountedScores): Warning[] {
  const warnings: Warning[] = [];
  if (subjects === 0)
    warnings.push(
      warning(
        'NO_SUBJECTS',
        'The scores name no people: the intervals take comparisons for independent and are too narrow wherever people were compared more than once. Columns a and b with the people’s names repair that.',
      ),
    );
  const all = failed.genuine + failed.impostor;
  if (all > 0)
    warnings.push({
      code: 'FAILURES',
      text: `${count(all, 'comparison')} without a score (${failed.genuine} genuine, ${failed.impostor} impostor): failures of the engine, counted apart and in no error rate.`,
      items: [],
      count: all,
    });
  return warnings;
}

function dataWarnings(
  { failures, photos, kind }: FaceInput,
  { subjects, faces }: Samples,
  { operating }: Measured,
): Warning[] {
  const warnings: Warning[] = [];
  if (subjects.length < FEW_SUBJECTS)
    warnings.push(
      warning(
        'FEW_SUBJECTS',
        `Only ${subjects.length} people: figures of so few say little about others, whatever their intervals.`,
      ),
    );
  if (operating.genuine.comparisons === 0)
    warnings.push(
      warning(
        'NOT_MEASURABLE',
        'Nobody has two photos: false non-matches (FNMR, FNIR, refusals by AssociateFaces) cannot be measured.',
      ),
    );
  if (failures.length > 0)
    warnings.push({
      code: 'FAILURES',
      text: `${count(failures.length, 'photo')} of ${photos} gave no face to compare (failure to enrol): error rates are of the others.`,
      items: failures.slice(0, MOST_ITEMS).map(({ photo, detail }) => `${photo}: ${detail}`),
      count: failures.length,
    });
  if (kind === 'collection')
    warnings.push(
      warning(
        'SELECTED_BY_THRESHOLD',
        `These ${faces.length} faces joined their users through a threshold: faces that it refused are missing, so that FNMR and refusals are too low.`,
      ),
    );
  return warnings;
}

function labelWarnings({ worst, operating }: Measured): Warning[] {
  const alike = worst.falseMatches.filter(({ similarity }) => similarity >= SUSPICIOUSLY_ALIKE);
  const different = worst.falseNonMatches.filter(
    ({ similarity }) => similarity < SUSPICIOUSLY_DIFFERENT,
  );
  const all = (errors: Float64Array, threshold: number): number =>
    errors[operating.place(threshold) ?? 0] ?? 0;
  const warnings: Warning[] = [];
  if (alike.length > 0) {
    const pairs = Math.max(alike.length, all(operating.impostor.errors, SUSPICIOUSLY_ALIKE));
    warnings.push({
      code: 'SUSPECT_LABELS',
      text: `${count(pairs, 'pair')} of different people score ${SUSPICIOUSLY_ALIKE} or more: one person under two names, a copy, or relatives. Look at them first: each wrong label is a false match that never was.`,
      items: alike.map(pairText),
      count: pairs,
    });
  }
  if (different.length > 0) {
    const pairs = Math.max(different.length, all(operating.genuine.errors, SUSPICIOUSLY_DIFFERENT));
    warnings.push({
      code: 'SUSPECT_LABELS',
      text: `${count(pairs, 'pair')} of one person score below ${SUSPICIOUSLY_DIFFERENT}, as strangers do: somebody else’s photo, or the wrong face of several.`,
      items: different.map(pairText),
      count: pairs,
    });
  }
  return warnings;
}

const pairText = ({ similarity, a, b }: WorstPair): string =>
  `${a.photo} ~ ${b.photo} (${similarity.toFixed(1)})`;

/** Whether similarities mean here what they claim. */
function calibrationWarning({ model }: FaceInput, { operating }: Measured): Warning[] {
  for (const threshold of [75, 80]) {
    const { fmr } = operating.ratesAt(threshold);
    const claimed = (1 - threshold / 100) ** (1 / model.calibration.exponent);
    const { value, low, high, basis } = fmr;
    if (basis !== 'measured' || value === null || low === null || high === null) continue;
    const factor = value / claimed;
    const off = (low > claimed || high < claimed) && Math.max(factor, 1 / factor) > NOTABLE_FACTOR;
    if (off)
      return [
        warning(
          'CALIBRATION_OFF',
          `A similarity of ${threshold} claims that 1 in ${inverse(claimed)} strangers score as high; here it is 1 in ${inverse(value)}. Thresholds found here hold for such photos only.`,
        ),
      ];
  }
  return [];
}

const inverse = (share: number): string => Math.round(1 / share).toLocaleString('en-US');

/** Pairs across sources are easier than pairs within one. */
function mixedSources({ groups, operating }: Measured): Warning[] {
  return groups.flatMap(({ column, groups: values, threshold }) => {
    const errors = values.reduce((sum, { fmr }) => sum + fmr.errors, 0);
    const comparisons = values.reduce((sum, { fmr }) => sum + fmr.comparisons, 0);
    const overall = operating.ratesAt(threshold).fmr.value;
    if (errors < 30 || overall === null || overall === 0) return [];
    const factor = errors / comparisons / overall;
    if (factor < NOTABLE_FACTOR) return [];
    return [
      warning(
        'MIXED_SOURCES',
        `People of the same ${column} are taken for each other ${factor.toPrecision(2)} times as often as people at large: if those who meet in your service share it, believe the rates within groups.`,
      ),
    ];
  });
}

const warning = (code: Warning['code'], text: string): Warning => ({
  code,
  text,
  items: [],
  count: 0,
});
