/**
 * Signals on their way through a deep network; as utils/figures/activations.py.
 * @module
 */

import { normal } from "./random.js";

/** @typedef {{layers: number, gain: number, activation: string, standardize: boolean, batchNorm: boolean}} Options */

/** @type {Record<string, (z: number) => number>} */
const FUNCTIONS = {
  tanh: Math.tanh,
  relu: (z) => (z > 0 ? z : 0),
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  linear: (z) => z,
};

/**
 * Return the normal numbers of so many layers, units² each.
 * @param {number} seed @param {number} layers @param {number} units
 */
export function normalWeights(seed, layers, units) {
  const next = normal(seed);
  return Array.from({ length: layers }, () => Float64Array.from({ length: units * units }, next));
}

/**
 * Take mean and deviation out of every column, in place; the deviation of a constant is 1.
 * @param {Float64Array} x @param {number} units @param {number} [eps] added to the variance
 */
export function standardizeColumns(x, units, eps = 0) {
  const n = x.length / units;
  for (let j = 0; j < units; j++) {
    const [mean, square] = moments(x, j, units, n);
    const by = 1 / (Math.sqrt(square + eps) || 1);
    for (let i = j; i < x.length; i += units) x[i] = (x[i] - mean) * by;
  }
  return x;
}

/** Return mean and variance of a column. @param {ArrayLike<number>} x @param {number} j @param {number} units @param {number} n */
function moments(x, j, units, n) {
  let mean = 0, square = 0;
  for (let i = j; i < x.length; i += units) mean += x[i] / n;
  for (let i = j; i < x.length; i += units) square += (x[i] - mean) ** 2 / n;
  return [mean, square];
}

/**
 * Return the input and the activations of every layer, all of the input's length.
 * @param {ArrayLike<number>} inputs row by row @param {Float64Array[]} weights of normalWeights
 * @param {Options} options
 */
export function forwardLayers(inputs, weights, { layers, gain, activation, standardize, batchNorm }) {
  const units = Math.round(Math.sqrt(weights[0].length)), f = FUNCTIONS[activation];
  const first = Float64Array.from(inputs);
  const signals = [standardize ? standardizeColumns(first, units) : first];
  for (let l = 0; l < layers; l++) {
    const z = product(signals[l], weights[l], units, gain / Math.sqrt(units));
    if (batchNorm) standardizeColumns(z, units, 1e-5);
    for (let i = 0; i < z.length; i++) z[i] = f(z[i]);
    signals.push(z);
  }
  return signals;
}

/** Return x Wᵀ times a factor. @param {Float64Array} x @param {Float64Array} w @param {number} units @param {number} factor */
function product(x, w, units, factor) {
  const made = new Float64Array(x.length);
  for (let row = 0; row < x.length; row += units) {
    for (let j = 0; j < units; j++) {
      let sum = 0;
      for (let k = 0, at = j * units; k < units; k++) sum += x[row + k] * w[at + k];
      made[row + j] = sum * factor;
    }
  }
  return made;
}

/** Return the root mean square. @param {ArrayLike<number>} signal */
export function rootMeanSquare(signal) {
  let sum = 0;
  for (let i = 0; i < signal.length; i++) sum += signal[i] * signal[i];
  return Math.sqrt(sum / signal.length);
}

/**
 * Return the share of activations where the slope is (nearly) 0.
 * @param {ArrayLike<number>} signal @param {string} activation
 */
export function stuckShare(signal, activation) {
  let count = 0;
  for (let i = 0; i < signal.length; i++) {
    const v = signal[i];
    if (activation === "relu" ? v <= 0 : activation === "tanh" ? Math.abs(v) > 0.97 : activation === "sigmoid" && Math.abs(2 * v - 1) > 0.94) count += 1;
  }
  return count / signal.length;
}

/**
 * Return how much the notes (rows) differ: the mean deviation of a column.
 * @param {ArrayLike<number>} signal @param {number} units
 */
export function noteSpread(signal, units) {
  let spread = 0;
  for (let j = 0; j < units; j++) spread += Math.sqrt(moments(signal, j, units, signal.length / units)[1]) / units;
  return spread;
}
