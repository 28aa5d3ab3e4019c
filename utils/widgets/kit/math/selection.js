/**
 * Models that are chosen by their score on a few validation notes.
 * @module
 */
import { normal, uniform } from "./random.js";

/**
 * Return P(X ≤ j) for j from 0 to n, X the right answers among n notes.
 * @param {number} n @param {number} p
 */
export function binomialBelow(n, p) {
  const below = new Float64Array(n + 1);
  let logC = 0, sum = 0;
  for (let j = 0; j <= n; j++) {
    if (j) logC += Math.log((n - j + 1) / j);
    sum += Math.exp(logC + j * Math.log(p) + (n - j) * Math.log1p(-p));
    below[j] = Math.min(1, sum);
  }
  below[n] = 1;
  return below;
}

/** The number of right answers that a uniform number stands for. @param {Float64Array} below @param {number} t */
export function rightAnswers(below, t) {
  let low = 0, high = below.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (below[middle] >= t) high = middle; else low = middle + 1;
  }
  return low;
}

/**
 * Return how much the best of k equally good models flatters itself, in the mean: exact.
 * @param {Float64Array} below of {@link binomialBelow} @param {number} k
 */
export function expectedBest(below, k) {
  let sum = 0;
  for (let j = 0; j < below.length - 1; j++) sum += 1 - below[j] ** k;
  return sum / (below.length - 1);
}

/**
 * Return true accuracies, validation scores and test scores of k models.
 * @param {{models: number, notes: number, truth: number, spread: number, seed: number, testNotes: number}} options
 *   spread: standard deviation of the true accuracies
 */
export function drawModels({ models, notes, truth, spread, seed, testNotes }) {
  const worth = normal(seed), luck = uniform(seed + 1000), later = uniform(seed + 2000);
  const all = [];
  const common = spread ? null : [notes, testNotes].map((n) => binomialBelow(n, truth));
  for (let i = 0; i < models; i++) {
    const p = Math.min(0.98, Math.max(0.02, truth + spread * worth()));
    const [own, test] = common ?? [notes, testNotes].map((n) => binomialBelow(n, p));
    all.push({ truth: p, validation: rightAnswers(own, luck()) / notes, test: rightAnswers(test, later()) / testNotes });
  }
  return all;
}

/**
 * Return for each k the place of the best of the first k models; of equal ones, the earliest.
 * @param {{validation: number}[]} models
 */
export function bestSoFar(models) {
  let best = 0;
  return models.map(({ validation }, i) => {
    if (validation > models[best].validation) best = i;
    return best;
  });
}
