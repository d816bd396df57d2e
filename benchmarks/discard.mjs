// Error-versus-discard characteristics (ISO/IEC 29794-1): what is missed when the worst photos are left out, by each thing
// that is known of a face's quality.
import { faceQuality } from '../dist/domain/quality.js';
import { shareAbove } from './metrics.mjs';

/** What of the genuine comparisons is left out, the worst first. */
export const DISCARDED = [0, 0.01, 0.02, 0.05, 0.1, 0.2];

const judged = ({ value, confidence }) => (value ? confidence : -confidence);

/** By the names of ISO/IEC 29794-5 where it has one; higher is better. The API's member or reason stands beside. */
export const COMPONENTS = [
  { name: 'UnifiedQualityScore', api: 'LOW_FACE_QUALITY', of: faceQuality },
  { name: 'detection confidence', api: 'LOW_CONFIDENCE', of: (face) => face.confidence },
  { name: 'InterEyeDistance', api: 'SMALL_BOUNDING_BOX', of: (face) => face.sizePx },
  { name: 'Sharpness', api: 'LOW_SHARPNESS', of: ({ quality }) => quality.sharpness },
  {
    name: 'UnderExposurePrevention',
    api: 'LOW_BRIGHTNESS',
    of: ({ quality }) => quality.brightness,
  },
  {
    name: 'OverExposurePrevention',
    api: 'LOW_FACE_QUALITY',
    of: ({ quality }) => -quality.brightness,
  },
  { name: 'HeadPoseYaw', api: 'EXTREME_POSE', of: ({ pose }) => -Math.abs(pose.yaw) },
  { name: 'HeadPosePitch', api: 'EXTREME_POSE', of: ({ pose }) => -Math.abs(pose.pitch) },
  { name: 'HeadPoseRoll', api: '–', of: ({ pose }) => -Math.abs(pose.roll) },
  { name: 'EyesOpen', api: '–', of: ({ eyesOpen }) => judged(eyesOpen) },
  { name: 'MouthClosed', api: '–', of: ({ mouthOpen }) => -judged(mouthOpen) },
];

/**
 * @param pairs genuine comparisons: { person, score, a, b } with both faces.
 * @returns by component the false non-match rate over what is left, at each of DISCARDED.
 */
export function errorVersusDiscard(pairs, threshold) {
  return COMPONENTS.map(({ name, api, of }) => {
    const rising = pairs
      .map((pair) => ({ ...pair, quality: Math.min(of(pair.a), of(pair.b)) }))
      .toSorted((a, b) => a.quality - b.quality);
    const missedAt = (share) => missed(rising.slice(Math.round(share * rising.length)), threshold);
    return {
      component: name,
      api,
      fnmr: Object.fromEntries(DISCARDED.map((share) => [share, missedAt(share)])),
      // What the worst tenth misses, beside all: how much the component tells.
      worstTenth: missed(rising.slice(0, Math.round(0.1 * rising.length)), threshold),
      tenthBelow: rising[Math.round(0.1 * rising.length)].quality,
    };
  });
}

const missed = (pairs, threshold) =>
  1 -
  shareAbove(
    pairs.map(({ score }) => score),
    threshold,
  );

/** So many comparisons make a step of the curve below: fewer say nothing about a rate of a few percent. */
const STEP = 60;

/**
 * The false non-match rate as a function of quality that never rises with it: means over steps of comparisons, made
 * monotone by pooling neighbours that are out of order.
 *
 * @param pairs { quality, missed: boolean }
 * @returns blocks { from, to, rate, pairs }, worst quality first.
 */
export function missRateByQuality(pairs) {
  const rising = pairs.toSorted((a, b) => a.quality - b.quality);
  const blocks = [];
  for (let start = 0; start < rising.length; start += STEP) {
    // The rest that makes no step of its own belongs to the last.
    const end = rising.length - start < 2 * STEP ? rising.length : start + STEP;
    const some = rising.slice(start, end);
    blocks.push({
      from: some[0].quality,
      to: some.at(-1).quality,
      missed: some.filter((pair) => pair.missed).length,
      pairs: some.length,
    });
    while (blocks.length > 1 && rate(blocks.at(-2)) <= rate(blocks.at(-1))) {
      const last = blocks.pop();
      const before = blocks.at(-1);
      before.to = last.to;
      before.missed += last.missed;
      before.pairs += last.pairs;
    }
    if (end === rising.length) break;
  }
  return blocks.map((block) => ({ ...block, rate: rate(block) }));
}

const rate = ({ missed: errors, pairs }) => errors / pairs;

/** The least quality whose comparisons miss at most `most`; undefined where all, or none, do. */
export function qualityFor(blocks, most) {
  const good = blocks.findIndex((block) => block.rate <= most);
  return good <= 0 ? undefined : blocks[good].from;
}
