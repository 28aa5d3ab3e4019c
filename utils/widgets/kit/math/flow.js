/**
 * How much gradient reaches each layer of a deep net: utils/reference/gradient_flow.py.
 * @module
 */
import { ACTIVATIONS } from "./mlp.js";
import { normal } from "./random.js";

/** @typedef {{rows: number, cols: number, values: Float64Array}} Matrix row by row */

/**
 * Return weights from N(0, gain²/inputs), a matrix for each layer; biases are zero.
 * @param {number[]} sizes units from the input to the output @param {number} gain @param {number} seed
 * @returns {Matrix[]}
 */
export function randomWeights(sizes, gain, seed) {
  const gauss = normal(seed);
  return sizes.slice(1).map((rows, k) => {
    const cols = sizes[k], scale = gain / Math.sqrt(cols);
    return { rows, cols, values: Float64Array.from({ length: rows * cols }, () => scale * gauss()) };
  });
}

/**
 * Return a batch of normal random numbers, one example a row.
 * @param {number} rows @param {number} cols @param {number} seed @returns {Matrix}
 */
export function randomBatch(rows, cols, seed) {
  const gauss = normal(seed);
  return { rows, cols, values: Float64Array.from({ length: rows * cols }, () => gauss()) };
}

/**
 * Return the length of the weights' gradient of the mean squared error in every layer, and how
 * far the hidden values spread (their standard deviation), from the first layer to the last.
 * @param {Matrix[]} weights @param {Matrix} inputs @param {Matrix} targets @param {string} activation
 */
export function gradientFlow(weights, inputs, targets, activation) {
  const { value, slope } = ACTIVATIONS[activation];
  const h = [inputs], z = /** @type {Matrix[]} */ ([]);
  weights.forEach((weight, k) => {
    const sums = timesTransposed(h[k], weight);
    z.push(sums);
    h.push(k < weights.length - 1 ? { ...sums, values: sums.values.map(value) } : sums);
  });
  const top = h[weights.length], n = top.values.length;
  /** @type {Matrix} */
  let delta = { ...top, values: top.values.map((v, i) => 2 * (v - targets.values[i]) / n) };
  /** @type {number[]} */
  const norms = [];
  for (let k = weights.length - 1; k >= 0; k--) {
    norms.unshift(gradientLength(delta, h[k]));
    if (!k) break;
    const down = times(delta, weights[k]);
    down.values.forEach((g, i) => (down.values[i] = g * slope(z[k - 1].values[i], h[k].values[i])));
    delta = down;
  }
  return { norms, spreads: h.slice(1).map(deviation) };
}

/** A·Bᵀ. @param {Matrix} a @param {Matrix} b @returns {Matrix} */
function timesTransposed(a, b) {
  const values = new Float64Array(a.rows * b.rows);
  for (let r = 0; r < a.rows; r++) {
    for (let i = 0; i < b.rows; i++) {
      let sum = 0;
      for (let j = 0; j < a.cols; j++) sum += a.values[r * a.cols + j] * b.values[i * b.cols + j];
      values[r * b.rows + i] = sum;
    }
  }
  return { rows: a.rows, cols: b.rows, values };
}

/** A·B. @param {Matrix} a @param {Matrix} b @returns {Matrix} */
function times(a, b) {
  const values = new Float64Array(a.rows * b.cols);
  for (let r = 0; r < a.rows; r++) {
    for (let i = 0; i < b.rows; i++) {
      const factor = a.values[r * a.cols + i];
      for (let j = 0; j < b.cols; j++) values[r * b.cols + j] += factor * b.values[i * b.cols + j];
    }
  }
  return { rows: a.rows, cols: b.cols, values };
}

/** The length of deltaᵀ·h. @param {Matrix} delta @param {Matrix} h */
function gradientLength(delta, h) {
  let squares = 0;
  for (let i = 0; i < delta.cols; i++) {
    for (let j = 0; j < h.cols; j++) {
      let sum = 0;
      for (let r = 0; r < delta.rows; r++) sum += delta.values[r * delta.cols + i] * h.values[r * h.cols + j];
      squares += sum * sum;
    }
  }
  return Math.sqrt(squares);
}

/** @param {Matrix} matrix */
function deviation({ values }) {
  let sum = 0, squares = 0;
  for (const v of values) {
    sum += v;
    squares += v * v;
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2));
}
