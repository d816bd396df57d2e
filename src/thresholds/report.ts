/** Names the shape of a report; the number goes up with every change that a reader would notice. */
export const REPORT_FORMAT = 'likeness-thresholds/1';

/**
 * What `likeness thresholds` found out, as it is written by `--json` and read by the HTML report, by `compare` and by
 * a calibration. Plain JSON: no NaN, no undefined; what could not be measured is null or an empty list, and says why.
 *
 * Terms are those of ISO/IEC 19795-1. A rate is a share from 0 to 1. `threshold` is always on the scale of `scale`
 * (the API's similarity, 0–100, or the score of another engine); `cosine` is −1 to 1 and null where scores of
 * another engine were measured. A comparison is a match where its similarity ≥ threshold.
 */
export interface ThresholdsReport {
  format: typeof REPORT_FORMAT;
  /** What this run is called in overlays and comparisons: `--label`, else the model and the input's name. */
  label: string;
  protocol: Protocol;
  scale: Scale;
  verdict: Verdict;
  /** What a reader must know before believing the figures, the gravest first. */
  warnings: Warning[];
  limits: Limits;
  /** FMR, FNMR and FPIR at 0, 1, 2 … 100 (another engine's scale: 101 equal steps) and at the recommended threshold, rising. */
  table: ThresholdRow[];
  /** FNMR at FMR 1e-2 … 1e-6, and at the target, falling. */
  targets: TargetRow[];
  /** Where FMR equals FNMR; never a reason to choose a threshold. */
  equalErrorRate: Estimate & { threshold: number | null };
  /** Area under the ROC: the chance that a genuine comparison scores higher than an impostor one. */
  areaUnderCurve: Estimate;
  /** The curve behind DET and ROC, by rising threshold: finer than the table. */
  curve: CurvePoint[];
  /** How often each score occurs. */
  histogram: Histogram;
  /** Searches (1:N); null where the input has no photos to search with. */
  identification: Identification | null;
  /** What AssociateFaces would do wrong, by how many faces the user has; empty where the input has no photos. */
  association: AssociationError[];
  /** One entry for each column of `--groups`. */
  groups: GroupColumn[];
  /** How FNMR falls where the photos of the worst quality are left out; empty where no quality is known. */
  quality: QualityCurve[];
  /** Different people that score highest, and photos of one person that score lowest: look for wrong labels first. */
  worst: { falseMatches: WorstPair[]; falseNonMatches: WorstPair[] };
  /** Cosine against log10 FMR, what a calibration curve is fitted from; empty for another engine's scores. */
  impostorCurve: ImpostorPoint[];
  /** How much nearer to strangers users of many faces are than photos; empty where too few people have several photos. */
  userGains: UserGain[];
  /** For `compare`: the bootstrap's answers, replicate by replicate. */
  replicates: Replicates;
}

export interface Protocol {
  /** When it ended, ISO 8601. */
  createdAt: string;
  /** As it can be typed again. */
  command: string;
  input: {
    kind: 'folder' | 'pairs' | 'scores' | 'collection' | 'manifest';
    /** The path, or the collection's id. */
    name: string;
    /** SHA-256 over the labels and contents that were measured; the same data, in whatever order, gives the same. */
    sha256: string;
  };
  /** `id` null: scores of another engine. */
  model: {
    id: string | null;
    version: string | null;
    dimension: number | null;
    calibration: string | null;
    /** s = 100·(1 − FMR^exponent) is what a similarity claims; null without a calibration. */
    exponent: number | null;
  };
  /** Runtime and kernel that computed, such as `tfjs-wasm` and `avx2`; null where nothing was computed. */
  runtime: string | null;
  kernel: string | null;
  seed: number;
  /** The FMR the recommended threshold must keep. */
  targetFmr: number;
  counts: {
    /** People with at least one face. */
    subjects: number;
    subjectsWithSeveral: number;
    photos: number;
    /** Photos with the face that was measured; for scores 0. */
    faces: number;
    genuineComparisons: number;
    impostorComparisons: number;
  };
  intervals: {
    /** 0.95. */
    confidence: number;
    /**
     * `subjects`: people are drawn anew (weights of a bootstrap), so that comparisons that share a person are not
     * taken for independent; `comparisons`: the scores name nobody, and the intervals are too narrow.
     */
    resampled: 'subjects' | 'comparisons';
    replicates: number;
    /** What is drawn: people, or random groups of people where there are more than can be kept apart. */
    units: number;
  };
  /** Photos that gave no face (failure to enrol, FTE), each with its reason. */
  failures: { photo: string; subject: string | null; reason: FailureReason; detail: string }[];
  failureRate: number | null;
}

export type FailureReason =
  | 'UNREADABLE'
  | 'NOT_AN_IMAGE'
  | 'TOO_LARGE'
  | 'NO_FACE'
  | 'LOW_QUALITY'
  | 'NO_LABEL';

export interface Warning {
  code:
    | 'SEVERAL_FACES'
    | 'DUPLICATE_PHOTOS'
    | 'SAME_PHOTO_DIFFERENT_PEOPLE'
    | 'SUSPECT_LABELS'
    | 'FEW_SUBJECTS'
    | 'FEW_ERRORS'
    | 'MIXED_SOURCES'
    | 'FAILURES'
    | 'EMPTY_FOLDERS'
    | 'FACES_WITHOUT_USER'
    | 'SELECTED_BY_THRESHOLD'
    | 'NO_SUBJECTS'
    | 'MODEL_DIFFERS'
    | 'CALIBRATION_OFF'
    | 'NOT_MEASURABLE';
  /** One or two whole sentences. */
  text: string;
  /** What it is about, such as paths; at most 200, `count` says how many there are. */
  items: string[];
  count: number;
}

export interface Scale {
  /** `similarity`: the API's 0–100; `score`: another engine's numbers (a distance comes negated). */
  kind: 'similarity' | 'score';
  from: number;
  to: number;
  /** Thresholds worth marking: the API's defaults and what AWS recommends; empty for another engine's. */
  marks: { threshold: number; meaning: string }[];
}

/** A number with its 95 % interval. */
export interface Estimate {
  /** Null: not measurable; `low` and `high` may still bound it. */
  value: number | null;
  low: number | null;
  high: number | null;
  /**
   * `measured`; `bound`: no error was seen, only `high` is known; `extrapolated`: a tail was fitted beyond what was
   * seen; `not-measurable`.
   */
  basis: 'measured' | 'bound' | 'extrapolated' | 'not-measurable';
}

/** A rate as counted. */
export interface Rate extends Estimate {
  errors: number;
  comparisons: number;
}

export interface Verdict {
  targetFmr: number;
  /** The lowest threshold whose FMR keeps the target. */
  threshold: Estimate;
  cosine: number | null;
  /** At `threshold.value`. */
  fmr: Rate;
  fnmr: Rate;
  /** The same at the thresholds people use unasked, such as 75. */
  atDefaults: { threshold: number; meaning: string; fmr: Rate; fnmr: Rate }[];
  /** For searches among this many people: FPIR and FNIR at `threshold.value`, and the threshold for FPIR ≤ 1 %. */
  search: {
    gallerySize: number;
    fpir: Rate;
    fnir: Rate;
    thresholdForFpir: { fpir: number; threshold: Estimate; fnir: Rate };
  } | null;
  /** For people, a sentence each, the recommendation first. */
  sentences: string[];
  /** What `--require` asked and whether it holds; empty without. */
  requirements: Requirement[];
}

export interface Requirement {
  /** As it was written, such as `fmr<=1e-4`. */
  text: string;
  metric: string;
  limit: number;
  threshold: number | null;
  found: Estimate;
  /** `unknown`: the data cannot tell; counts as a failure. */
  outcome: 'met' | 'missed' | 'unknown';
}

export interface Limits {
  /** Independent comparisons these impostor pairs are worth: their number by the design effect of shared people. */
  effectiveImpostorComparisons: number;
  effectiveGenuineComparisons: number;
  /** 3 / effective number (rule of three): no FMR below can be measured here. */
  smallestFmr: number | null;
  smallestFnmr: number | null;
  /** A sentence. */
  text: string;
}

export interface ThresholdRow {
  threshold: number;
  cosine: number | null;
  fmr: Rate;
  fnmr: Rate;
  /** Searches by people who are not enrolled that find somebody, at `identification.gallerySize`; null without. */
  fpir: Rate | null;
}

export interface TargetRow {
  /** The FMR asked for. */
  fmr: number;
  threshold: Estimate;
  cosine: number | null;
  fnmr: Estimate;
}

export interface CurvePoint {
  threshold: number;
  cosine: number | null;
  fmr: number;
  fmrLow: number | null;
  fmrHigh: number | null;
  fnmr: number;
  fnmrLow: number | null;
  fnmrHigh: number | null;
}

/** Equal bins on the report's scale: bin i holds scores from `from + i·width` up to the next. */
export interface Histogram {
  from: number;
  width: number;
  genuine: number[];
  impostor: number[];
}

/**
 * Each person's last photo searches among everybody's other photos, one user (centroid) a person; without its own
 * person it is a search by a stranger. Averaged over every choice of N users that the data allow.
 */
export interface Identification {
  /** N of `--gallery-size`, else the users a stranger can meet here: `enrolled` − 1. */
  gallerySize: number;
  /** Users there are, one of which is the searcher's own; N from `enrolled` on is extrapolated. */
  enrolled: number;
  matedProbes: number;
  nonMatedProbes: number;
  /** FPIR and FNIR (threshold mode, any rank) at `gallerySize`, by threshold. */
  byThreshold: { threshold: number; fpir: Rate; fnir: Rate }[];
  /** FPIR at the marked thresholds and the recommended one, by N. */
  byGallerySize: { gallerySize: number; at: { threshold: number; fpir: Rate }[] }[];
  /** N of `cmc`: `gallerySize`, or `enrolled` where that is smaller. */
  cmcGallerySize: number;
  /** Rank mode: the chance that the right user is among the first `rank`, without a threshold. */
  cmc: { rank: number; rate: Estimate }[];
}

/** AssociateFaces with a user of `faces` faces (robust centroid, as in the service). */
export interface AssociationError {
  faces: number;
  /** People that had enough photos: `faces` for the user, and one more for genuine trials. */
  users: number;
  genuineTrials: number;
  impostorTrials: number;
  /** Null, or why there are no figures. */
  notMeasurable: string | null;
  /** By UserMatchThreshold, the thresholds of `table`; empty where not measurable. */
  byThreshold: {
    threshold: number;
    /** A face of somebody else is taken into the user. */
    falseAcceptance: Rate;
    /** A face of the user is refused (LOW_MATCH_CONFIDENCE). */
    falseRejection: Rate;
  }[];
}

export interface GroupColumn {
  column: string;
  /** The global threshold the rates below are at: the recommended one. */
  threshold: number | null;
  groups: GroupRates[];
  /** Largest over smallest rate of groups that can be measured; null with fewer than two. */
  fmrRatio: Estimate;
  fnmrRatio: Estimate;
  /** The threshold at which every group keeps the target FMR, and the group that needs it. */
  worstGroup: { group: string; threshold: Estimate } | null;
  text: string;
}

export interface GroupRates {
  group: string;
  subjects: number;
  faces: number;
  /** Among people of this group only. */
  fmr: Rate;
  fnmr: Rate;
  /** The threshold this group would need for the target FMR. */
  threshold: Estimate;
}

export interface QualityCurve {
  measure: 'sharpness' | 'brightness' | 'confidence' | 'faceSize';
  unit: string;
  /** The FNMR is at this threshold. */
  threshold: number;
  /** `discarded`: share of faces left out, worst first; `limit`: the quality the others reach. */
  points: { discarded: number; limit: number; fnmr: Rate }[];
}

export interface WorstPair {
  similarity: number;
  cosine: number | null;
  a: PairSide;
  b: PairSide;
}

export interface PairSide {
  photo: string;
  subject: string;
  /** A JPEG as a data: URI, where thumbnails were asked for; else null. */
  thumbnail: string | null;
}

export interface ImpostorPoint {
  cosine: number;
  log10Fmr: number;
  /** Impostor comparisons with at least this cosine, and all. */
  errors: number;
  comparisons: number;
  /** 95 % interval of the FMR, log10. */
  log10FmrLow: number | null;
  log10FmrHigh: number | null;
  extrapolated: boolean;
}

/** See `CalibrationCurve.gains`. */
export interface UserGain {
  /** A share of strangers. */
  fmr: number;
  /** The cosine that so many reach with photos of the people measured. */
  cosine: number;
  gain: number;
  /** Strangers that reached it, and people with several photos. */
  errors: number;
  users: number;
}

export interface Replicates {
  /** SHA-256 over the units drawn and the seed: where two runs agree, their replicates are paired. */
  drawn: string;
  /** By metric: `eer`, `auc`, `fnmr@fmr=1e-4` …; null where a replicate could not tell. */
  metrics: { metric: string; value: number | null; values: (number | null)[] }[];
}
