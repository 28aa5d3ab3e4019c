/** Softmax and cross entropy; the same as `utils/reference/softmax.py` and `multiclass_losses.py`. */

/**
 * Logarithm of the softmax; the largest score is subtracted first, so nothing overflows.
 * @param {ArrayLike<number>} logits
 * @param {number} [temperature] > 0
 * @returns {number[]}
 */
export function logSoftmax(logits, temperature = 1) {
  const scaled = Array.from(logits, (logit) => logit / temperature);
  const largest = Math.max(...scaled);
  const sum = scaled.reduce((total, score) => total + Math.exp(score - largest), 0);
  return scaled.map((score) => score - largest - Math.log(sum));
}

/**
 * Positive numbers that sum to 1, in the order of the scores.
 * @param {ArrayLike<number>} logits
 * @param {number} [temperature]
 * @returns {number[]}
 */
export function softmax(logits, temperature = 1) {
  return logSoftmax(logits, temperature).map(Math.exp);
}

/**
 * −yᵢ log ŷᵢ for each class, where y is 1 for the target and 0 elsewhere.
 * @param {ArrayLike<number>} logits
 * @param {number} target
 * @param {number} [temperature]
 * @returns {number[]}
 */
export function crossEntropyTerms(logits, target, temperature = 1) {
  return logSoftmax(logits, temperature).map((value, i) => (i === target ? -value : 0));
}

/**
 * −log ŷ of the target.
 * @param {ArrayLike<number>} logits
 * @param {number} target
 * @param {number} [temperature]
 * @returns {number}
 */
export function crossEntropy(logits, target, temperature = 1) {
  return -logSoftmax(logits, temperature)[target];
}
