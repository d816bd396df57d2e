import { type CalibrationCurve, similarityOf } from '../domain/similarity.js';
import { OperatorError } from '../errors.js';
import type { Kernel } from '../vectors/kernels.js';
import { assemble, type Measured } from './assemble.js';
import { associationErrors } from './association.js';
import {
  BINS,
  type CompareOptions,
  type Comparisons,
  compareAll,
  comparePairs,
  type ListedPair,
  type Pair,
} from './comparisons.js';
import { groupRates } from './groups.js';
import { Searches } from './identification.js';
import { impostorCurve } from './impostor-curve.js';
import type { CountedScores } from './inputs/score-tally.js';
import { Operating } from './operating.js';
import { qualityCurves } from './quality-curves.js';
import type {
  GroupColumn,
  Histogram,
  Protocol,
  ThresholdsReport,
  Warning,
  WorstPair,
} from './report.js';
import { type LabelledFace, type Samples, samplesOf } from './samples.js';
import { type Grid, placeOf, similarityGrid, tablePlaces } from './scale.js';
import { userGains } from './user-gains.js';
import { faceWarnings, scoreWarnings } from './warnings.js';

/** What is measured, whatever it came from. */
export interface FaceInput {
  kind: Protocol['input']['kind'];
  name: string;
  sha256: string;
  faces: readonly LabelledFace[];
  /** Only these pairs, by name of photo; undefined: all with all. */
  pairs?: readonly { a: string; b: string; same: boolean }[];
  /** False where a person may go under two names. */
  labelsComplete: boolean;
  photos: number;
  failures: Protocol['failures'];
  warnings: Warning[];
  model: {
    id: string;
    version: string;
    dimension: number;
    /** What similarities are told by. */
    calibration: CalibrationCurve;
    /** Of robust centroids: see `outlierDistanceOf`. */
    outlierDistance: number;
  };
  runtime: string | null;
}

export interface MeasureOptions {
  label: string;
  command: string;
  createdAt: string;
  seed: number;
  targetFmr: number;
  /** N of a search; undefined: as many as there are. */
  gallerySize?: number;
  /** Columns of the manifest. */
  groups: readonly string[];
  /** Drawings of the bootstrap. */
  replicates: number;
  threads: number;
  signal?: AbortSignal;
  onProgress?: (what: string, share: number) => void;
  /** A JPEG of a photo as a data: URI; undefined: no thumbnails. */
  thumbnail?: (photo: string) => Promise<string | null>;
}

/** Worst pairs that are named. */
const WORST = 50;
const HISTOGRAM_BINS = 200;

/** Measures faces of known people. OperatorError where the data say nothing at all. */
export async function measureFaces(
  input: FaceInput,
  options: MeasureOptions & { kernel: Kernel },
): Promise<ThresholdsReport> {
  const { seed, kernel, threads, signal, targetFmr } = options;
  const { calibration, dimension } = input.model;
  const samples = samplesOf(input.faces, dimension, seed);
  checkPeople(samples, input);
  const grid = similarityGrid(calibration);
  const compare: CompareOptions = {
    kernel,
    grid,
    threads,
    worst: WORST,
    ...(signal && { signal }),
    onProgress: (share) => options.onProgress?.('comparing all pairs', share),
  };
  const comparisons = input.pairs
    ? comparePairs(samples, rowsOfPairs(samples, input.pairs), compare)
    : await compareAll(samples, compare);
  const operating = new Operating(grid, comparisons.impostor, comparisons.genuine);
  const recommended = operating.thresholdFor(targetFmr).value;
  const measured: Measured = {
    operating,
    histogram: histogramOf(comparisons, calibration),
    impostorCurve: impostorCurve(comparisons.impostorBins, operating),
    worst: await worstPairs(samples, comparisons, { calibration, ...options }),
    ...(await peopleMeasures(samples, { grid, recommended, input, options, operating })),
    groups: await groupColumns(
      samples,
      { ...compare, seed, targetFmr, threshold: recommended },
      options,
    ),
    quality: input.pairs ? [] : qualityCurves(samples, qualityThreshold(grid, recommended)),
  };
  measured.warnings = [...input.warnings, ...faceWarnings(input, samples, measured)];
  return assemble(measured, options, {
    input: { kind: input.kind, name: input.name, sha256: input.sha256 },
    model: {
      id: input.model.id,
      version: input.model.version,
      dimension,
      calibration: calibration.version,
      exponent: calibration.exponent,
    },
    runtime: input.runtime,
    kernel: kernel.name,
    counts: {
      subjects: samples.subjects.length,
      subjectsWithSeveral: severalOf(samples),
      photos: input.photos,
      faces: samples.faces.length,
    },
    failures: input.failures,
  });
}

/** Measures scores of another engine. */
export function measureScores(
  { counted, name }: { counted: CountedScores; name: string },
  options: MeasureOptions,
): Promise<ThresholdsReport> {
  const { grid, impostor, genuine, histogram, subjects, sha256 } = counted;
  const measured: Measured = {
    operating: new Operating(grid, impostor, genuine),
    histogram,
    impostorCurve: [],
    worst: { falseMatches: [], falseNonMatches: [] },
    association: [],
    userGains: [],
    groups: [],
    quality: [],
    warnings: scoreWarnings(counted),
  };
  return assemble(measured, options, {
    input: { kind: 'scores', name, sha256 },
    model: { id: null, version: null, dimension: null, calibration: null, exponent: null },
    runtime: null,
    kernel: null,
    counts: { subjects, subjectsWithSeveral: 0, photos: 0, faces: 0 },
    failures: [],
  });
}

function checkPeople(samples: Samples, { name, photos, failures }: FaceInput): void {
  const people = samples.subjects.length;
  const without =
    failures.length > 0
      ? `; ${failures.length} of ${photos} photos gave no face: ${failures[0]?.photo} (${failures[0]?.detail})`
      : '';
  if (people === 0) throw new OperatorError(`${name} has no face of a known person${without}`);
  if (people === 1)
    throw new OperatorError(
      `${name} holds one person only (${samples.subjects[0]}): a false match takes two people, a threshold some dozens${without}`,
    );
}

const severalOf = ({ subjectEnds }: Samples): number =>
  subjectEnds.filter((end, subject) => end - (subjectEnds[subject - 1] ?? 0) > 1).length;

function rowsOfPairs(
  samples: Samples,
  pairs: readonly { a: string; b: string; same: boolean }[],
): ListedPair[] {
  const rowByPhoto = new Map(samples.faces.map(({ photo }, row) => [photo, row]));
  return pairs.flatMap(({ a, b, same }) => {
    const [one, other] = [rowByPhoto.get(a), rowByPhoto.get(b)];
    return one === undefined || other === undefined ? [] : [{ a: one, b: other, same }];
  });
}

/** Searches and association, where it is known which photos are of one person. */
async function peopleMeasures(
  samples: Samples,
  {
    grid,
    recommended,
    input,
    options,
    operating,
  }: {
    grid: Grid;
    recommended: number | null;
    input: FaceInput;
    options: MeasureOptions & { kernel: Kernel };
    operating: Operating;
  },
): Promise<Pick<Measured, 'searches' | 'association' | 'userGains'>> {
  if (!input.labelsComplete) return { association: [], userGains: [] };
  const { kernel, seed, signal, onProgress, gallerySize } = options;
  const settings = {
    grid,
    curve: input.model.calibration,
    kernel,
    seed,
    outlierDistance: input.model.outlierDistance,
    ...(signal && { signal }),
  };
  const searches = await Searches.run(samples, {
    ...settings,
    gallerySize,
    onProgress: (share) => onProgress?.('searching', share),
  });
  onProgress?.('joining users', 0);
  const place = operating.place(recommended);
  const places = [...new Set([...tablePlaces(grid), ...(place === undefined ? [] : [place])])];
  const association = await associationErrors(
    samples,
    places.toSorted((a, b) => a - b),
    settings,
  );
  const gains = await userGains(samples, settings);
  return { association, userGains: gains, ...(searches && { searches }) };
}

async function groupColumns(
  samples: Samples,
  settings: CompareOptions & { seed: number; targetFmr: number; threshold: number | null },
  { groups, onProgress }: MeasureOptions,
): Promise<GroupColumn[]> {
  const columns: GroupColumn[] = [];
  for (const column of groups) {
    onProgress?.(`groups of ${column}`, 0);
    if (!samples.faces.some((face) => (face.groups[column] ?? '') !== ''))
      throw new OperatorError(`--groups ${column}: the input has no such column`);
    const { onProgress: _all, ...quiet } = settings;
    columns.push(await groupRates(samples, column, quiet));
  }
  return columns;
}

/** The threshold at which quality is judged: the recommended one, or the default of AssociateFaces. */
function qualityThreshold(
  grid: Grid,
  recommended: number | null,
): { threshold: number; floor: number } {
  const place = placeOf(grid, recommended ?? 75) ?? grid.thresholds.length - 1;
  return { threshold: grid.thresholds[place]!, floor: grid.scores[place]! };
}

function histogramOf(
  { impostorBins, genuineBins }: Comparisons,
  calibration: CalibrationCurve,
): Histogram {
  const width = 100 / HISTOGRAM_BINS;
  const counts = (bins: Float64Array): number[] => {
    const result = Array.from({ length: HISTOGRAM_BINS }, () => 0);
    for (const [bin, count] of bins.entries()) {
      if (count === 0) continue;
      const similarity = similarityOf(calibration, ((bin + 0.5) * 2) / BINS - 1);
      result[Math.min(HISTOGRAM_BINS - 1, Math.floor(similarity / width))]! += count;
    }
    return result;
  };
  return { from: 0, width, genuine: counts(genuineBins), impostor: counts(impostorBins) };
}

async function worstPairs(
  { faces }: Samples,
  { worstImpostor, worstGenuine }: Comparisons,
  {
    calibration,
    thumbnail,
  }: { calibration: CalibrationCurve; thumbnail?: MeasureOptions['thumbnail'] },
): Promise<ThresholdsReport['worst']> {
  const side = async (row: number) => {
    const { photo, subject } = faces[row]!;
    return { photo, subject, thumbnail: (await thumbnail?.(photo)) ?? null };
  };
  const named = async (pairs: readonly Pair[]): Promise<WorstPair[]> => {
    const result: WorstPair[] = [];
    for (const { a, b, cosine } of pairs)
      result.push({
        similarity: similarityOf(calibration, cosine),
        cosine,
        a: await side(a),
        b: await side(b),
      });
    return result;
  };
  return { falseMatches: await named(worstImpostor), falseNonMatches: await named(worstGenuine) };
}
