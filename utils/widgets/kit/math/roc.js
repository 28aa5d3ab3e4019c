/**
 * The ROC curve and the area under it, as in utils/reference/roc.py.
 * @module
 */

/** @typedef {ArrayLike<number>} Numbers */

/**
 * Return one point a different score: what part of the false and of the true examples has at
 * least this score; from (0, 0) to (1, 1).
 * @param {Numbers} scores @param {Numbers} labels 0 or 1, both present
 */
export function rocCurve(scores, labels) {
  const order = Array.from(scores, (_, i) => i).sort((i, j) => scores[j] - scores[i]);
  const trueCount = Array.from(labels).reduce((a, b) => a + b, 0);
  const falseCount = scores.length - trueCount;
  const fpr = [0], tpr = [0], thresholds = [Infinity];
  let hits = 0, slips = 0;
  order.forEach((i, rank) => {
    if (labels[i]) hits++;
    else slips++;
    // Equal scores pass together.
    if (rank + 1 < order.length && scores[order[rank + 1]] === scores[i]) return;
    fpr.push(slips / falseCount);
    tpr.push(hits / trueCount);
    thresholds.push(scores[i]);
  });
  return { fpr, tpr, thresholds };
}

/**
 * Area under a curve of straight pieces.
 * @param {{fpr: Numbers, tpr: Numbers}} curve
 */
export function areaUnder({ fpr, tpr }) {
  let area = 0;
  for (let k = 1; k < fpr.length; k++) area += ((fpr[k] - fpr[k - 1]) * (tpr[k] + tpr[k - 1])) / 2;
  return area;
}

/**
 * Which parts of the false and the true examples pass a threshold.
 * @param {Numbers} scores @param {Numbers} labels @param {number} threshold
 */
export function rates(scores, labels, threshold) {
  const passed = [0, 0], all = [0, 0];
  for (let i = 0; i < scores.length; i++) {
    all[labels[i]]++;
    if (scores[i] >= threshold) passed[labels[i]]++;
  }
  return { fpr: passed[0] / all[0], tpr: passed[1] / all[1] };
}

/**
 * Part of right answers when a part `share` of all examples is true.
 * @param {{fpr: number, tpr: number}} point @param {number} share
 */
export function accuracy({ fpr, tpr }, share) {
  return share * tpr + (1 - share) * (1 - fpr);
}
