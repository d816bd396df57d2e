import type {
  AssociationError,
  CurvePoint,
  Estimate,
  Rate,
  ThresholdsReport,
} from '../../../src/thresholds/report.js';

const SUBJECTS = 858;
const GENUINE = 3252;
const IMPOSTOR = 1_718_188;

/** What the error rates of this engine are, by similarity: FMR as the scale claims, FNMR a little above none. */
const fmrAt = (similarity: number): number => (1 - similarity / 100) ** 5;
const fnmrAt = (similarity: number, worse = 1): number =>
  Math.min(1, worse / (1 + Math.exp(-(similarity - 96) / 4)));

export const rate = (value: number, comparisons: number): Rate => {
  const errors = Math.round(value * comparisons);
  const spread = 2 * Math.sqrt((value * (1 - value)) / comparisons);
  return errors === 0
    ? { value: 0, low: null, high: 3 / comparisons, basis: 'bound', errors, comparisons }
    : {
        value: errors / comparisons,
        low: Math.max(0, value - spread),
        high: Math.min(1, value + spread),
        basis: 'measured',
        errors,
        comparisons,
      };
};

const estimate = (value: number, around: number): Estimate => ({
  value,
  low: value - around,
  high: value + around,
  basis: 'measured',
});

const every = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

const MARKS = [
  { threshold: 75, meaning: 'default of AssociateFaces' },
  { threshold: 80, meaning: 'default of searches' },
  { threshold: 90, meaning: 'often advised' },
  { threshold: 99, meaning: 'for identification, AWS' },
];
const CHOSEN = 84.2;

const curve = (worse: number): CurvePoint[] =>
  every(1000, (i) => {
    const threshold = i / 10;
    const [fmr, fnmr] = [rate(fmrAt(threshold), IMPOSTOR), rate(fnmrAt(threshold, worse), GENUINE)];
    return {
      threshold,
      cosine: 0.8 + threshold / 600,
      fmr: fmr.value ?? 0,
      fmrLow: fmr.low,
      fmrHigh: fmr.high,
      fnmr: fnmr.value ?? 0,
      fnmrLow: fnmr.low,
      fnmrHigh: fnmr.high,
    };
  });

function association(faces: number): AssociationError {
  if (faces > 50)
    return {
      faces,
      users: 0,
      genuineTrials: 0,
      impostorTrials: 0,
      notMeasurable: 'nobody here has more than 53 photos',
      byThreshold: [],
    };
  return {
    faces,
    users: Math.round(200 / faces),
    genuineTrials: Math.round(900 / faces),
    impostorTrials: 60_000,
    notMeasurable: null,
    byThreshold: every(101, (threshold) => ({
      threshold,
      falseAcceptance: rate(Math.min(1, fmrAt(threshold) * Math.min(3, 1 + faces / 3)), 60_000),
      falseRejection: rate(fnmrAt(threshold + 4 / faces), Math.round(900 / faces) * 40),
    })),
  };
}

/** Eight grey pixels square are enough to be a picture. */
const PIXEL =
  'data:image/jpeg;base64,/9j/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAAIAAgDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAL/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAgP/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCwFAf/2Q==';

/** A whole report, as a run on a large set would give it, with names that must be escaped. */
export function sampleReport(options: { label?: string; worse?: number } = {}): ThresholdsReport {
  const { label = 'photos/<door> & "gate"', worse = 1 } = options;
  const fmr = rate(fmrAt(CHOSEN), IMPOSTOR);
  const fnmr = rate(fnmrAt(CHOSEN, worse), GENUINE);
  const row = (threshold: number) => ({
    threshold,
    cosine: 0.8 + threshold / 600,
    fmr: rate(fmrAt(threshold), IMPOSTOR),
    fnmr: rate(fnmrAt(threshold, worse), GENUINE),
    fpir: rate(Math.min(1, 1 - (1 - fmrAt(threshold)) ** 858), 1200),
  });
  const pair = (index: number) => ({
    similarity: 88.4 - index,
    cosine: 0.951 - index / 100,
    a: {
      photo: `people/person-${index}/a-very-long-name-of-a-photo-without-any-space-${index}.jpg`,
      subject: index === 0 ? '<script>alert(1)</script>' : `Person ${index}`,
      thumbnail: index % 2 === 0 ? PIXEL : null,
    },
    b: { photo: `people/other-${index}/1.jpg`, subject: `Other ${index}`, thumbnail: PIXEL },
  });
  return {
    format: 'likeness-thresholds/1',
    label,
    protocol: {
      createdAt: '2026-11-26T11:00:00.000Z',
      command: `likeness thresholds '${label}' --fmr 1e-4 --html report.html`,
      input: { kind: 'folder', name: label, sha256: 'ab'.repeat(32) },
      model: {
        id: 'dlib-resnet-0123456789abcdef',
        version: '1.0',
        dimension: 128,
        calibration: 'lfw-1',
        exponent: 0.2,
      },
      runtime: 'tfjs-wasm',
      kernel: 'avx2',
      seed: 1,
      targetFmr: 1e-4,
      counts: {
        subjects: SUBJECTS,
        subjectsWithSeveral: 421,
        photos: 1862,
        faces: 1856,
        genuineComparisons: GENUINE,
        impostorComparisons: IMPOSTOR,
      },
      intervals: { confidence: 0.95, resampled: 'subjects', replicates: 1000, units: SUBJECTS },
      failures: every(6, (i) => ({
        photo: `people/${i}.jpg`,
        subject: null,
        reason: i === 0 ? ('UNREADABLE' as const) : ('NO_FACE' as const),
        detail: '',
      })),
      failureRate: 6 / 1862,
    },
    scale: { kind: 'similarity', from: 0, to: 100, marks: MARKS },
    verdict: {
      targetFmr: 1e-4,
      threshold: estimate(CHOSEN, 0.7),
      cosine: 0.9412,
      fmr,
      fnmr,
      atDefaults: MARKS.map((mark) => ({
        ...mark,
        fmr: rate(fmrAt(mark.threshold), IMPOSTOR),
        fnmr: rate(fnmrAt(mark.threshold, worse), GENUINE),
      })),
      search: {
        gallerySize: 858,
        fpir: rate(0.08, 1200),
        fnir: rate(0.06, 420),
        thresholdForFpir: { fpir: 0.01, threshold: estimate(89.6, 1.4), fnir: rate(0.17, 420) },
      },
      sentences: [
        'For FMR ≤ 1e-4 use UserMatchThreshold 84.2 (83.5 – 84.9); FNMR there is 4.9 % (4.1 – 5.7 %).',
        "Today's 75 lets 1 in 1,000 strangers pass and refuses 0.5 % of own photos.",
        'Among 858 users 8 % of searches by strangers find somebody at that threshold; for 1 % use 89.6.',
      ],
      requirements: [
        {
          text: 'fmr<=1e-4',
          metric: 'fmr',
          limit: 1e-4,
          threshold: null,
          found: fmr,
          outcome: 'met',
        },
        {
          text: 'fnmr<=0.02',
          metric: 'fnmr',
          limit: 0.02,
          threshold: null,
          found: fnmr,
          outcome: 'missed',
        },
      ],
    },
    warnings: [
      {
        code: 'SUSPECT_LABELS',
        text: 'Seven photos resemble another person more than their own.',
        items: every(7, (i) => `people/Person ${i}/0001.jpg`),
        count: 7,
      },
    ],
    limits: {
      effectiveImpostorComparisons: 410_000,
      effectiveGenuineComparisons: 1900,
      smallestFmr: 7.3e-6,
      smallestFnmr: 1.6e-3,
      text: 'Below FMR 7.3e-6 nothing can be measured with these people.',
    },
    table: [...every(101, row), row(CHOSEN)].toSorted((a, b) => a.threshold - b.threshold),
    targets: [1e-2, 1e-3, 1e-4, 1e-5, 1e-6].map((target) => ({
      fmr: target,
      threshold:
        target > 5e-6
          ? estimate(100 * (1 - target ** 0.2), 0.6)
          : { ...estimate(93.7, 2), basis: 'extrapolated' as const },
      cosine: 0.94,
      fnmr:
        target > 5e-6
          ? rate(fnmrAt(100 * (1 - target ** 0.2), worse), GENUINE)
          : { value: null, low: null, high: null, basis: 'not-measurable' as const },
    })),
    equalErrorRate: { ...estimate(0.0042 * worse, 0.001), threshold: 67 },
    areaUnderCurve: estimate(0.99971, 0.0001),
    curve: curve(worse),
    histogram: {
      from: 0,
      width: 0.5,
      genuine: every(200, (i) => Math.round(GENUINE * (fnmrAt(i / 2 + 0.5) - fnmrAt(i / 2)))),
      impostor: every(200, (i) => Math.round(IMPOSTOR * (fmrAt(i / 2) - fmrAt(i / 2 + 0.5)))),
    },
    identification: {
      gallerySize: 858,
      enrolled: 421,
      matedProbes: 420,
      nonMatedProbes: 1200,
      byThreshold: every(101, (threshold) => ({
        threshold,
        fpir: rate(Math.min(1, 1 - (1 - fmrAt(threshold)) ** 858), 1200),
        fnir: rate(fnmrAt(threshold), 420),
      })),
      byGallerySize: [1, 10, 100, 400, 1000, 10_000, 100_000].map((gallerySize) => ({
        gallerySize,
        at: [75, 80, CHOSEN, 90].map((threshold) => ({
          threshold,
          fpir: {
            ...rate(Math.min(1, 1 - (1 - fmrAt(threshold)) ** gallerySize), 1_000_000),
            ...(gallerySize > 421 && { basis: 'extrapolated' as const }),
          },
        })),
      })),
      cmcGallerySize: 421,
      cmc: every(20, (i) => ({ rank: i + 1, rate: estimate(1 - 0.011 / (i + 1) ** 0.4, 0.002) })),
    },
    association: [1, 2, 5, 10, 50, 100].map(association),
    groups: [
      {
        column: 'camera',
        threshold: CHOSEN,
        groups: ['front door', 'gate'].map((group, i) => ({
          group,
          subjects: 300 + i * 120,
          faces: 900 + i,
          fmr: rate(1e-4 * (1 + i * 2), IMPOSTOR / 4),
          fnmr: rate(0.04 * (1 + i), GENUINE / 2),
          threshold: estimate(84 + i * 3, 1),
        })),
        fmrRatio: estimate(3, 0.8),
        fnmrRatio: estimate(2, 0.5),
        worstGroup: { group: 'gate', threshold: estimate(87, 1) },
        text: 'At 84.2 the FMR of gate is 3.0 times that of front door; 87 keeps 1e-4 for every group.',
      },
    ],
    quality: (['sharpness', 'faceSize'] as const).map((measure, m) => ({
      measure,
      unit: 'pixels',
      threshold: CHOSEN,
      points: every(11, (i) => ({
        discarded: i / 20,
        limit: i,
        fnmr: rate(0.049 * (1 - (i / 20) * (m === 0 ? 1.2 : 0.4)), GENUINE),
      })),
    })),
    worst: { falseMatches: every(5, pair), falseNonMatches: every(3, pair) },
    impostorCurve: impostorCurve(),
    userGains: GAINS.map(([share, gain]) => ({
      fmr: share,
      gain,
      cosine: 0.84 - 0.02 * Math.log10(share),
      errors: Math.round(620_000 * share),
      users: 337,
    })),
    replicates: { drawn: 'cd'.repeat(32), metrics: [] },
  };
}

const GAINS = [
  [0.5, 0.12],
  [0.1, 0.15],
  [1e-2, 0.17],
  [1e-3, 0.18],
  [1e-4, 0.18],
] as const;

/** As measured down to 30 errors of 1.7 million pairs, then two decades of a fitted tail. */
function impostorCurve(): ThresholdsReport['impostorCurve'] {
  const cosineAt = (log10Fmr: number): number => 0.84 - 0.02 * log10Fmr;
  return every(60, (i) => {
    const log10Fmr = -(i + 1) / 10;
    const errors = Math.round(IMPOSTOR * 10 ** log10Fmr);
    const extrapolated = errors < 30;
    const spread = 0.9 / Math.sqrt(errors);
    return {
      cosine: cosineAt(log10Fmr),
      log10Fmr,
      errors: extrapolated ? 0 : errors,
      comparisons: IMPOSTOR,
      log10FmrLow: extrapolated ? null : log10Fmr - spread,
      log10FmrHigh: extrapolated ? null : log10Fmr + spread,
      extrapolated,
    };
  });
}

/** Scores of another engine, of few people: most of a report is missing or cannot be told. */
export function sparseReport(): ThresholdsReport {
  const full = sampleReport({ label: 'scores.csv' });
  const unknown: Rate = {
    value: null,
    low: null,
    high: null,
    basis: 'not-measurable',
    errors: 0,
    comparisons: 0,
  };
  return {
    ...full,
    protocol: {
      ...full.protocol,
      model: { id: null, version: null, dimension: null, calibration: null, exponent: null },
      runtime: null,
      kernel: null,
      failures: [],
      failureRate: null,
    },
    scale: { kind: 'score', from: -1, to: 1, marks: [] },
    verdict: {
      ...full.verdict,
      threshold: { value: null, low: null, high: null, basis: 'not-measurable' },
      cosine: null,
      fmr: unknown,
      fnmr: unknown,
      atDefaults: [],
      search: null,
      sentences: [],
      requirements: [],
    },
    warnings: [],
    table: [],
    curve: [],
    histogram: { from: -1, width: 0.02, genuine: [], impostor: [] },
    identification: null,
    association: [],
    groups: [],
    quality: [],
    worst: { falseMatches: [], falseNonMatches: [] },
    impostorCurve: [],
    userGains: [],
  };
}
