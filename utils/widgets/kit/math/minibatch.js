/**
 * Logistic regression with two weights, descended by mini-batches; as utils/figures/minibatches.py.
 * @module
 */

import { uniform } from "./random.js";

/** @typedef {{inputs: ArrayLike<number>, targets: ArrayLike<number>, n: number}} Problem inputs in pairs */
/** @typedef {{start: number[], lr: number, batch: number, seed: number, steps: number}} Options */

/** Return ŷ of one note. @param {Problem} problem @param {number[]} theta @param {number} k */
function chance({ inputs }, theta, k) {
  return 1 / (1 + Math.exp(-theta[0] * inputs[2 * k] - theta[1] * inputs[2 * k + 1]));
}

/**
 * Return the mean loss of all notes.
 * @param {Problem} problem @param {number[]} theta
 */
export function meanLoss({ inputs, targets, n }, theta) {
  let sum = 0;
  for (let k = 0; k < n; k++) {
    const z = theta[0] * inputs[2 * k] + theta[1] * inputs[2 * k + 1];
    // log(1 + e^z) − y z, without overflow.
    sum += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - targets[k] * z;
  }
  return sum / n;
}

/**
 * Return the mean gradient of some notes.
 * @param {Problem} problem @param {number[]} theta @param {ArrayLike<number>} rows
 * @param {number} [from] @param {number} [to] part of the rows
 */
export function batchGradient(problem, theta, rows, from = 0, to = rows.length) {
  let g0 = 0, g1 = 0;
  for (let i = from; i < to; i++) {
    const k = rows[i], off = chance(problem, theta, k) - problem.targets[k];
    g0 += off * problem.inputs[2 * k];
    g1 += off * problem.inputs[2 * k + 1];
  }
  return [g0 / (to - from), g1 / (to - from)];
}

/** Return 0 … n − 1 in order. @param {number} n */
export function everyNote(n) {
  return Uint32Array.from({ length: n }, (_, k) => k);
}

/**
 * Shuffle in place (Fisher and Yates); return the same array.
 * @param {Uint32Array} rows @param {() => number} next
 */
export function shuffle(rows, next) {
  for (let at = rows.length - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1)), kept = rows[at];
    rows[at] = rows[other];
    rows[other] = kept;
  }
  return rows;
}

/** Return ⌈N / B⌉. @param {number} n @param {number} batch */
export function stepsPerEpoch(n, batch) {
  return Math.ceil(n / batch);
}

/**
 * Return the points of a run, and the gradients of single notes computed up to each.
 * @param {Problem} problem @param {Options} options
 */
export function runBatches(problem, { start, lr, batch, seed, steps }) {
  const next = uniform(seed);
  /** @type {Uint32Array} */
  let rows = everyNote(0);
  let theta = start.slice(), at = 0, cost = 0;
  const path = [theta], costs = [0];
  for (let k = 0; k < steps; k++) {
    if (at >= rows.length) {
      rows = shuffle(everyNote(problem.n), next);
      at = 0;
    }
    const end = Math.min(at + batch, problem.n);
    const g = batchGradient(problem, theta, rows, at, end);
    cost += end - at;
    at = end;
    theta = [theta[0] - lr * g[0], theta[1] - lr * g[1]];
    path.push(theta);
    costs.push(cost);
  }
  return { path, costs };
}

/**
 * Return the gradients of random batches at one point.
 * @param {Problem} problem @param {number[]} theta @param {{batch: number, seed: number, count: number}} options
 */
export function gradientCloud(problem, theta, { batch, seed, count }) {
  const next = uniform(seed), rows = everyNote(problem.n), n = problem.n;
  const x = new Float64Array(count), y = new Float64Array(count);
  for (let c = 0; c < count; c++) {
    // Only the first B places have to be drawn.
    for (let i = 0; i < Math.min(batch, n - 1); i++) {
      const other = i + Math.floor(next() * (n - i)), kept = rows[i];
      rows[i] = rows[other];
      rows[other] = kept;
    }
    [x[c], y[c]] = batchGradient(problem, theta, rows, 0, batch);
  }
  return { x, y };
}

/**
 * Return the root of the variance that the gradient of a batch has, both weights together:
 * σ²/B · (N − B)/(N − 1).
 * @param {Problem} problem @param {number[]} theta @param {number} batch
 */
export function gradientNoise(problem, theta, batch) {
  const { n } = problem, mean = batchGradient(problem, theta, everyNote(n));
  let sum = 0;
  for (let k = 0; k < n; k++) {
    const g = batchGradient(problem, theta, [k]);
    sum += (g[0] - mean[0]) ** 2 + (g[1] - mean[1]) ** 2;
  }
  return Math.sqrt(sum / n / batch * (n - batch) / (n - 1));
}

/** Return the weights with the lowest loss, by Newton's method. @param {Problem} problem */
export function lowestPoint(problem) {
  const { inputs, n } = problem, rows = everyNote(n);
  let theta = [0, 0];
  for (let i = 0; i < 30; i++) {
    const g = batchGradient(problem, theta, rows);
    let a = 0, b = 0, d = 0;
    for (let k = 0; k < n; k++) {
      const p = chance(problem, theta, k), w = p * (1 - p) / n;
      const x = inputs[2 * k], y = inputs[2 * k + 1];
      a += w * x * x;
      b += w * x * y;
      d += w * y * y;
    }
    const det = a * d - b * b;
    theta = [theta[0] - (d * g[0] - b * g[1]) / det, theta[1] - (a * g[1] - b * g[0]) / det];
  }
  return theta;
}
