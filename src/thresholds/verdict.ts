import type { Searches } from './identification.js';
import { NO_RATE, rateAt } from './interval.js';
import { estimateText, powerText, rateText, shareText, thresholdText } from './numbers.js';
import type { Operating } from './operating.js';
import type { AssociationError, Estimate, Limits, Rate, Verdict } from './report.js';
import { cosineAt } from './scale.js';

/** Of searches by strangers, no more than this should find somebody. */
const TARGET_FPIR = 0.01;
/** The user size that is spoken of first, if it can be measured. */
const TYPICAL_USER = 5;

interface Findings {
  operating: Operating;
  threshold: Estimate;
  /** FNMR at the target, with the interval of both choices. */
  atTarget: Estimate;
  targetFmr: number;
  searches: Searches | undefined;
  association: readonly AssociationError[];
  limits: Limits;
}

/** What to do, and what it costs. */
export function verdictOf(findings: Findings): Verdict {
  const { operating, threshold, atTarget, targetFmr, searches } = findings;
  const place = operating.place(threshold.value);
  const { fmr, fnmr } = operating.ratesAt(threshold.value);
  const measured = threshold.basis === 'measured' && atTarget.value !== null;
  const verdict: Omit<Verdict, 'sentences'> = {
    targetFmr,
    threshold,
    cosine: place === undefined ? null : cosineAt(operating.grid, place),
    fmr,
    // The threshold was chosen on the same people: the interval counts that in.
    fnmr: measured ? { ...fnmr, low: atTarget.low, high: atTarget.high } : fnmr,
    atDefaults: operating.grid.scale.marks.map(({ threshold: at, meaning }) => ({
      threshold: at,
      meaning,
      ...operating.ratesAt(at),
    })),
    search: searches ? searchVerdict(operating, searches, place) : null,
    requirements: [],
  };
  return { ...verdict, sentences: sentencesOf(verdict, findings) };
}

function searchVerdict(
  operating: Operating,
  searches: Searches,
  place: number | undefined,
): Verdict['search'] {
  const { gallerySize } = searches;
  const all = searches.falsePositives(gallerySize);
  const negatives = searches.falseNegatives();
  const fnirAt = (g: number): Rate => rateAt(negatives, g);
  const first = (pick: (rate: Rate) => number | null): number | null => {
    const g = all.findIndex((rate) => (pick(rate) ?? 1) <= TARGET_FPIR);
    return g === -1 ? null : operating.grid.thresholds[g]!;
  };
  const value = first((rate) => rate.value);
  const needed = operating.place(value);
  return {
    gallerySize,
    fpir: place === undefined ? NO_RATE : all[place]!,
    fnir: place === undefined ? NO_RATE : fnirAt(place),
    thresholdForFpir: {
      fpir: TARGET_FPIR,
      threshold: {
        value,
        low: first(({ low }) => low),
        high: first(({ high }) => high),
        basis: needed === undefined ? 'not-measurable' : basisOf(all[needed]!),
      },
      fnir: needed === undefined ? NO_RATE : fnirAt(needed),
    },
  };
}

/** Of a threshold that was chosen by a rate. */
const basisOf = ({ basis }: Rate): Estimate['basis'] => (basis === 'bound' ? 'measured' : basis);

function sentencesOf(verdict: Omit<Verdict, 'sentences'>, findings: Findings): string[] {
  const { threshold, fnmr, targetFmr, search, atDefaults } = verdict;
  const similarity = findings.operating.grid.scale.kind === 'similarity';
  const name = similarity ? 'UserMatchThreshold' : 'the threshold';
  const target = powerText(targetFmr);
  const sentences: string[] = [];
  if (threshold.value === null)
    sentences.push(
      `These data cannot say which threshold keeps FMR ≤ ${target}: an FMR below ${powerText(findings.limits.smallestFmr ?? 1)} is not measurable here. More people are needed, or a higher --target-fmr.`,
    );
  else
    sentences.push(
      `For FMR ≤ ${target} use ${name} ${estimateText(threshold, thresholdText)}; FNMR there ${estimateText(fnmr, shareText)}.`,
    );
  for (const { threshold: at, meaning, fmr, fnmr: missed } of atDefaults.slice(0, 2))
    sentences.push(
      `${thresholdText(at)}, the ${meaning}, gives FMR ${estimateText(fmr, rateText)}, FNMR ${estimateText(missed, shareText)}.`,
    );
  if (search) sentences.push(...searchSentences(search, threshold));
  sentences.push(...associationSentence(findings, threshold.value ?? 75));
  return sentences;
}

function searchSentences(
  { gallerySize, fpir, thresholdForFpir }: NonNullable<Verdict['search']>,
  { value }: Estimate,
): string[] {
  const people = `${gallerySize.toLocaleString('en-US')} users`;
  const { threshold, fnir } = thresholdForFpir;
  return [
    ...(value === null
      ? []
      : [
          `At ${thresholdText(value)} a search by a stranger among ${people} finds somebody in this share of cases (FPIR): ${estimateText(fpir, shareText)}.`,
        ]),
    ...(threshold.value === null
      ? []
      : [
          `For FPIR ≤ 1 % among ${people} use ${estimateText(threshold, thresholdText)}; the right user is missed in (FNIR): ${estimateText(fnir, shareText)}.`,
        ]),
  ];
}

function associationSentence({ association }: Findings, threshold: number): string[] {
  const known = association.filter(({ notMeasurable }) => notMeasurable === null);
  const chosen = known.find(({ faces }) => faces === TYPICAL_USER) ?? known.at(-1);
  const at = chosen?.byThreshold.find((each) => each.threshold >= threshold - 1e-9);
  if (!chosen || !at) return [];
  return [
    `AssociateFaces at ${thresholdText(at.threshold)} takes a stranger’s face into a user of ${chosen.faces} in ${estimateText(at.falseAcceptance, rateText)} of tries, and refuses the user’s own in ${estimateText(at.falseRejection, shareText)}.`,
  ];
}
