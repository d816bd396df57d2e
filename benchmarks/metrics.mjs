// Plain measures over similarity scores, higher meaning more alike.

/** Cosine of two unit vectors. */
export function cosine(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

/** The direction of the mean. */
export function centroid(vectors) {
  const sum = new Float64Array(vectors[0].length);
  for (const vector of vectors) for (let k = 0; k < sum.length; k++) sum[k] += vector[k];
  const norm = Math.hypot(...sum);
  return sum.map((value) => value / norm);
}

/** @returns pairs of a key and the items that have it, in the order in which they come. */
export function groupBy(list, keyOf) {
  const map = new Map();
  for (const item of list) {
    const key = keyOf(item);
    const others = map.get(key);
    if (others) others.push(item);
    else map.set(key, [item]);
  }
  return [...map];
}

/** Every pair of items: genuine cosines and impostor cosines, sorted rising. */
export function allPairs(items) {
  const genuine = [];
  const impostor = new Float32Array((items.length * (items.length - 1)) / 2);
  let count = 0;
  for (let i = 0; i < items.length; i++)
    for (let j = i + 1; j < items.length; j++) {
      const score = cosine(items[i].embedding, items[j].embedding);
      if (items[i].person === items[j].person) genuine.push(score);
      else impostor[count++] = score;
    }
  return {
    genuine: genuine.toSorted((a, b) => a - b),
    impostor: impostor.slice(0, count).toSorted(),
  };
}

/** The score which a share `fmr` of the sorted impostor scores exceeds; undefined below 30 such errors. */
export function thresholdAt(impostor, fmr) {
  const errors = Math.floor(impostor.length * fmr);
  return errors < 30 ? undefined : impostor[impostor.length - 1 - errors];
}

/** The share of scores above a threshold. */
export const shareAbove = (scores, threshold) =>
  scores.filter((score) => score > threshold).length / scores.length;

/** Accuracy on labelled pairs, each fold judged by the best threshold of the other folds. */
export function foldAccuracy(pairs) {
  const folds = [...new Set(pairs.map((pair) => pair.fold))];
  const accuracies = folds.map((fold) => {
    const threshold = bestThreshold(pairs.filter((pair) => pair.fold !== fold));
    const test = pairs.filter((pair) => pair.fold === fold);
    return test.filter((pair) => pair.score >= threshold === pair.same).length / test.length;
  });
  const mean = accuracies.reduce((a, b) => a + b) / accuracies.length;
  return { mean, folds: accuracies };
}

function bestThreshold(pairs) {
  const sorted = pairs.toSorted((a, b) => a.score - b.score);
  let right = sorted.filter((pair) => pair.same).length;
  let best = right;
  let threshold = -1;
  for (const [index, pair] of sorted.entries()) {
    right += pair.same ? -1 : 1;
    const next = sorted[index + 1]?.score ?? 1;
    if (right > best) [best, threshold] = [right, (pair.score + next) / 2];
  }
  return threshold;
}
