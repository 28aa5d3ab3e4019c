/**
 * Nets that draw a curve: one input, one output, many points at once, as in
 * utils/reference/mlp.py. All parameters lie in one list, layer by layer: the weights of each
 * unit, then the biases.
 * @module
 */

import { ACTIVATIONS } from "./activations.js";
import { normal, uniform } from "./random.js";

/** @typedef {{sizes: number[], activation: string}} Net sizes from the input to the output */
/** @typedef {ArrayLike<number>} Numbers */

/**
 * Count weights and biases.
 * @param {number[]} sizes
 */
export function countParameters(sizes) {
  return sizes.slice(1).reduce((sum, n, k) => sum + (sizes[k] + 1) * n, 0);
}

/**
 * Return the widest net that a number of parameters can pay for.
 * @param {number} budget @param {number} hiddenLayers
 */
export function matchingSizes(budget, hiddenLayers) {
  const sizes = (/** @type {number} */ width) => [1, ...new Array(hiddenLayers).fill(width), 1];
  let width = 1;
  while (countParameters(sizes(width + 1)) <= budget) width += 1;
  return sizes(width);
}

/**
 * Return first parameters: normal weights of deviation gain / √(inputs); the units of the first
 * layer bend at random places between -1 and 1, all other biases are 0.
 * @param {number[]} sizes @param {{seed: number, gain: number}} options
 */
export function firstParameters(sizes, { seed, gain }) {
  const weight = normal(seed), place = uniform(seed + 1000);
  /** @type {number[]} */
  const theta = [];
  for (let k = 1; k < sizes.length; k++) {
    const from = theta.length, below = sizes[k - 1];
    for (let i = 0; i < sizes[k] * below; i++) theta.push((weight() * gain) / Math.sqrt(below));
    for (let i = 0; i < sizes[k]; i++) theta.push(k === 1 ? -theta[from + i] * (2 * place() - 1) : 0);
  }
  return theta;
}

/**
 * Return all z and h, layer by layer; unit i at point p stands at i · points + p.
 * @param {Net} net @param {Numbers} theta @param {Numbers} x
 */
export function forwardCurve({ sizes, activation }, theta, x) {
  const g = ACTIVATIONS[activation].value, count = x.length;
  /** @type {Float64Array[]} */
  const z = [];
  const h = [Float64Array.from(x)];
  let at = 0;
  for (let k = 1; k < sizes.length; k++) {
    const below = h[k - 1], inputs = sizes[k - 1], units = sizes[k];
    const sums = new Float64Array(units * count);
    for (let i = 0; i < units; i++) {
      sums.fill(theta[at + units * inputs + i], i * count, (i + 1) * count);
      for (let j = 0; j < inputs; j++) {
        const w = theta[at + i * inputs + j];
        for (let p = 0; p < count; p++) sums[i * count + p] += w * below[j * count + p];
      }
    }
    at += units * (inputs + 1);
    z.push(sums);
    h.push(k < sizes.length - 1 ? sums.map(g) : sums);
  }
  return { z, h };
}

/**
 * Return what the net draws.
 * @param {Net} net @param {Numbers} theta @param {Numbers} x
 */
export function drawnCurve(net, theta, x) {
  return forwardCurve(net, theta, x).h[net.sizes.length - 1];
}

/**
 * Return the mean of the squared differences.
 * @param {Numbers} a @param {Numbers} b
 */
export function meanSquared(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

/**
 * Return the mean squared error and its gradient, in the order of the parameters.
 * @param {Net} net @param {Numbers} theta @param {Numbers} x @param {Numbers} y
 */
export function lossAndGradient(net, theta, x, y) {
  const { sizes, activation } = net, count = x.length, last = sizes.length - 1;
  const slope = ACTIVATIONS[activation].slope;
  const { z, h } = forwardCurve(net, theta, x);
  const gradient = new Array(countParameters(sizes)).fill(0);
  let delta = h[last].map((v, p) => (2 * (v - y[p])) / count);
  let at = gradient.length;
  for (let k = last; k >= 1; k--) {
    const inputs = sizes[k - 1], units = sizes[k], below = h[k - 1];
    at -= units * (inputs + 1);
    const down = new Float64Array(inputs * count);
    for (let i = 0; i < units; i++) {
      for (let p = 0; p < count; p++) gradient[at + units * inputs + i] += delta[i * count + p];
      for (let j = 0; j < inputs; j++) {
        const w = theta[at + i * inputs + j];
        let sum = 0;
        for (let p = 0; p < count; p++) {
          sum += delta[i * count + p] * below[j * count + p];
          down[j * count + p] += delta[i * count + p] * w;
        }
        gradient[at + i * inputs + j] = sum;
      }
    }
    if (k > 1) delta = down.map((v, i) => v * slope(z[k - 2][i]));
  }
  return { loss: meanSquared(h[last], y), gradient, prediction: h[last] };
}
