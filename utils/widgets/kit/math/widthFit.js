/**
 * Nets of one hidden tanh layer that are trained on a few points with Adam, a slice of steps at a
 * time: utils/reference/mlp_fit.py, written out for one input and one output so that all widths
 * are trained in the time of a few frames.
 * @module
 */
import { firstParameters } from "./curveNet.js";

const GAIN = 4, BETA1 = 0.9, BETA2 = 0.999, EPS = 1e-8;

/**
 * @typedef {object} Training
 * @property {number} width
 * @property {Float64Array} theta w of all hidden units, their b, their v, and the output's c
 * @property {Float64Array} m
 * @property {Float64Array} h
 * @property {number} steps how many were taken
 * @property {(u: number) => number} scale from the axis to what the net sees: its points lie in [-1, 1]
 */

/**
 * Return a net before its first step.
 * @param {ArrayLike<number>} u @param {number} width @param {number} seed
 * @returns {Training}
 */
export function untrained(u, width, seed) {
  const all = Array.from(u), low = Math.min(...all), high = Math.max(...all);
  const theta = Float64Array.from(firstParameters([1, width, 1], { seed, gain: GAIN }));
  const zeros = () => new Float64Array(theta.length);
  return { width, theta, m: zeros(), h: zeros(), steps: 0, scale: (v) => (2 * v - low - high) / (high - low) };
}

/**
 * Take steps of Adam on the mean squared error plus λ times the sum of the squared weights.
 * @param {Training} net @param {ArrayLike<number>} u @param {ArrayLike<number>} y
 * @param {{steps: number, lr: number, strength?: number}} options
 */
export function train(net, u, y, { steps, lr, strength = 0 }) {
  const { width, theta, m, h } = net, n = u.length, x = Float64Array.from(u, net.scale);
  const g = new Float64Array(theta.length), hidden = new Float64Array(width * n);
  for (let end = net.steps + steps; net.steps < end; ) {
    net.steps += 1;
    gradient(net, x, y, strength, hidden, g);
    const c1 = 1 - BETA1 ** net.steps, c2 = 1 - BETA2 ** net.steps;
    for (let i = 0; i < theta.length; i++) {
      m[i] = BETA1 * m[i] + (1 - BETA1) * g[i];
      h[i] = BETA2 * h[i] + (1 - BETA2) * g[i] * g[i];
      theta[i] -= (lr * (m[i] / c1)) / (Math.sqrt(h[i] / c2) + EPS);
    }
  }
}

/** Write the gradient into g. @param {Training} net @param {Float64Array} x @param {ArrayLike<number>} y @param {number} strength @param {Float64Array} hidden @param {Float64Array} g */
function gradient({ width, theta }, x, y, strength, hidden, g) {
  const n = x.length, w = 0, b = width, v = 2 * width, c = 3 * width;
  for (let j = 0; j < width; j++) {
    g[w + j] = 2 * strength * theta[w + j];
    g[b + j] = 0;
    g[v + j] = 2 * strength * theta[v + j];
  }
  g[c] = 0;
  for (let p = 0; p < n; p++) {
    let out = theta[c];
    for (let j = 0; j < width; j++) out += theta[v + j] * (hidden[p * width + j] = Math.tanh(theta[w + j] * x[p] + theta[b + j]));
    const delta = (2 * (out - y[p])) / n;
    g[c] += delta;
    for (let j = 0; j < width; j++) {
      const a = hidden[p * width + j], down = delta * theta[v + j] * (1 - a * a);
      g[v + j] += delta * a;
      g[b + j] += down;
      g[w + j] += down * x[p];
    }
  }
}

/**
 * Return what a net draws.
 * @param {Training} net @param {ArrayLike<number>} u
 */
export function drawn({ width, theta, scale }, u) {
  return Float64Array.from(u, (at) => {
    const x = scale(at);
    let out = theta[3 * width];
    for (let j = 0; j < width; j++) out += theta[2 * width + j] * Math.tanh(theta[j] * x + theta[width + j]);
    return out;
  });
}
