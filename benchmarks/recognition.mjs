// How well embeddings of LFW tell people apart: one row of the tables of views and models.
import { createHash } from 'node:crypto';
import { readCsv } from './faces.mjs';
import { allPairs, centroid, cosine, foldAccuracy, shareAbove, thresholdAt } from './metrics.mjs';
import { userRates } from './user-rates.mjs';

/** What the members of a row are. */
export const COLUMNS =
  'TAR in % at FMR 1e-3 and 1e-4 over all and in both halves of the people; official pairs; users of three photos';

/** People are split, so that what was chosen on one half can be read off the other. */
const half = ({ person }) => createHash('sha256').update(`half${person}`).digest()[0] & 1;

/** @param items rows of the manifest, each with its unit embedding. */
export function recognition(items) {
  const rates = (some) => {
    const { genuine, impostor } = allPairs(some);
    return [1e-3, 1e-4].map((fmr) => {
      const threshold = thresholdAt(impostor, fmr);
      // Too few errors to say.
      return threshold === undefined ? null : percent(shareAbove(genuine, threshold));
    });
  };
  const [at3, at4] = rates(items);
  const [a3, a4] = rates(items.filter((item) => half(item) === 0));
  const [b3, b4] = rates(items.filter((item) => half(item) === 1));
  const users = userRates(items, (list) => centroid(list.map(({ embedding }) => embedding)));
  const [users3, users4] = [1e-3, 1e-4].map((fmr) => percent(users[`TAR@FMR${fmr}`]));
  return { at3, at4, a3, a4, b3, b4, pairs: pairs(items), users3, users4 };
}

function pairs(items) {
  const byPath = new Map(items.map((item) => [item.path, item.embedding]));
  const scored = readCsv('lfw-pairs.csv').flatMap(({ a, b, same, fold }) => {
    const [left, right] = [byPath.get(a), byPath.get(b)];
    return left && right ? [{ fold, same: same === '1', score: cosine(left, right) }] : [];
  });
  return percent(foldAccuracy(scored).mean);
}

function percent(share) {
  return Number((100 * share).toFixed(2));
}
