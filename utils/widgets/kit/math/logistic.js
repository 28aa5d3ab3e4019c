/**
 * Logistic regression: one logit, and all notes of a plane, under cross entropy or squared error.
 * As in utils/reference/binary_losses.py and losses.py, of a sigmoid.
 * @module
 */

/** @typedef {ArrayLike<number>} Numbers */
/** @typedef {{w1: number, w2: number, b: number}} Weights */

/** @param {number} z */
export function sigmoid(z) {
  const e = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** Both losses of a logit z for a label y, and their derivatives by z. @type {Record<string, {loss: (z: number, y: number) => number, grad: (z: number, y: number) => number}>} */
export const LOGIT_LOSSES = {
  BCE: {
    loss: (z, y) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - y * z,
    grad: (z, y) => sigmoid(z) - y,
  },
  MSE: {
    loss: (z, y) => (sigmoid(z) - y) ** 2,
    // σ(−z) and not 1 − σ(z), which is 0 long before the product is.
    grad: (z, y) => 2 * (sigmoid(z) - y) * sigmoid(z) * sigmoid(-z),
  },
};

/** @param {Weights} weights @param {number} x1 @param {number} x2 */
export function logitOf({ w1, w2, b }, x1, x2) {
  return w1 * x1 + w2 * x2 + b;
}

/**
 * Return mean loss, its gradient by the weights, and the part of right answers.
 * @param {string} loss BCE or MSE @param {Weights} weights
 * @param {{x1: Numbers, x2: Numbers, y: Numbers}} notes
 */
export function meanLoss(loss, weights, { x1, x2, y }) {
  const { loss: of, grad } = LOGIT_LOSSES[loss], n = y.length;
  const sum = { loss: 0, w1: 0, w2: 0, b: 0, right: 0 };
  for (let i = 0; i < n; i++) {
    const z = logitOf(weights, x1[i], x2[i]), g = grad(z, y[i]);
    sum.loss += of(z, y[i]) / n;
    sum.w1 += (g * x1[i]) / n;
    sum.w2 += (g * x2[i]) / n;
    sum.b += g / n;
    sum.right += Number(z > 0 === y[i] > 0.5) / n;
  }
  return sum;
}

/**
 * Return the weights after some steps of gradient descent.
 * @param {string} loss @param {Weights} weights @param {{x1: Numbers, x2: Numbers, y: Numbers}} notes
 * @param {{lr: number, steps: number, limit?: number}} options limit: of the size of each weight
 */
export function descend(loss, weights, notes, { lr, steps, limit = Infinity }) {
  let { w1, w2, b } = weights;
  const clip = (/** @type {number} */ v) => Math.min(limit, Math.max(-limit, v));
  for (let k = 0; k < steps; k++) {
    const g = meanLoss(loss, { w1, w2, b }, notes);
    [w1, w2, b] = [clip(w1 - lr * g.w1), clip(w2 - lr * g.w2), clip(b - lr * g.b)];
  }
  return { w1, w2, b };
}
