/**
 * A small multi-layer perceptron by hand, for one example: utils/reference/mlp.py, and the same
 * net as a graph of single operations for the tape.
 * @module
 */
import { sigmoid } from "./tape.js";

/** @typedef {import("./tape.js").Spec} Spec */
/** @typedef {{weight: number[][], bias: number[]}} Layer weight: a row for each unit */
/** @typedef {{z: number[][], h: number[][]}} Forward z of layers 1 … L; h of layers 0 … L, the first is x, the last ŷ */
/** @typedef {{layers: Layer[], dz: number[][], dh: number[][]}} Gradients in the order of the layers; dh has ∂L/∂x first */

/** Activation functions with their slopes, from z and h. @type {Record<string, {value: (z: number) => number, slope: (z: number, h: number) => number}>} */
export const ACTIVATIONS = {
  sigmoid: { value: sigmoid, slope: (z, h) => h * (1 - h) },
  tanh: { value: Math.tanh, slope: (z, h) => 1 - h * h },
  relu: { value: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
};

/**
 * Compute and keep all values; the output is linear.
 * @param {Layer[]} layers @param {number[]} x @param {string} [activation] @returns {Forward}
 */
export function forwardPass(layers, x, activation = "sigmoid") {
  const g = ACTIVATIONS[activation].value;
  /** @type {number[][]} */
  const z = [];
  const h = [x];
  layers.forEach(({ weight, bias }, k) => {
    const below = h[k];
    const sums = weight.map((row, i) => row.reduce((sum, w, j) => sum + w * below[j], bias[i]));
    z.push(sums);
    h.push(k < layers.length - 1 ? sums.map(g) : sums);
  });
  return { z, h };
}

/**
 * Return the squared error, averaged over the outputs.
 * @param {number[]} prediction @param {number[]} target
 */
export function squaredError(prediction, target) {
  return prediction.reduce((sum, v, i) => sum + (v - target[i]) ** 2, 0) / prediction.length;
}

/**
 * Go back from the output.
 * @param {Layer[]} layers @param {Forward} pass @param {number[]} target @param {string} [activation] @returns {Gradients}
 */
export function backwardPass(layers, { z, h }, target, activation = "sigmoid") {
  const slope = ACTIVATIONS[activation].slope, top = layers.length;
  /** @type {Layer[]} */
  const found = [];
  /** @type {number[][]} */
  const dz = [];
  const dh = [h[top].map((v, i) => 2 * (v - target[i]) / target.length)];
  for (let k = top - 1; k >= 0; k--) {
    const delta = k === top - 1 ? dh[0] : dh[0].map((g, i) => g * slope(z[k][i], h[k + 1][i]));
    dz.unshift(delta);
    found.unshift({ weight: delta.map((g) => h[k].map((v) => g * v)), bias: delta.slice() });
    dh.unshift(h[k].map((_, j) => delta.reduce((sum, g, i) => sum + g * layers[k].weight[i][j], 0)));
  }
  return { layers: found, dz, dh };
}

/**
 * Return the net after one step of gradient descent.
 * @param {Layer[]} layers @param {Layer[]} gradients @param {number} lr @returns {Layer[]}
 */
export function updated(layers, gradients, lr) {
  return layers.map(({ weight, bias }, k) => ({
    weight: weight.map((row, i) => row.map((w, j) => w - lr * gradients[k].weight[i][j])),
    bias: bias.map((b, i) => b - lr * gradients[k].bias[i]),
  }));
}

/**
 * Return all gradients of the parameters as the tape finds them: it knows sums, products and
 * sigmoids one by one, and nothing of layers.
 * @param {Layer[]} layers @param {number[]} x @param {number[]} target
 * @returns {{graph: Spec[], places: {weight: number[][], bias: number[], z: number[], h: number[]}[]}} places: where on the tape everything of a layer stands
 */
export function asGraph(layers, x, target) {
  /** @type {Spec[]} */
  const graph = [];
  const add = (/** @type {string} */ op, /** @type {number[]} */ inputs, more = {}) =>
    graph.push({ name: `v${graph.length}`, op, inputs, ...more }) - 1;
  let h = x.map((value) => add("constant", [], { value }));
  const places = layers.map(({ weight, bias }, k) => {
    const place = {
      weight: weight.map((row) => row.map((value) => add("variable", [], { value }))),
      bias: bias.map((value) => add("variable", [], { value })),
    };
    const below = h;
    const z = place.bias.map((b, i) => place.weight[i].reduce((sum, w, j) => add("add", [sum, add("multiply", [w, below[j]])]), b));
    h = k < layers.length - 1 ? z.map((v) => add("sigmoid", [v])) : z;
    return { ...place, z, h };
  });
  const errors = h.map((v, i) => add("power", [add("subtract", [v, add("constant", [], { value: target[i] })])], { exponent: 2 }));
  const sum = errors.reduce((a, b) => add("add", [a, b]));
  if (errors.length > 1) add("multiply", [sum, add("constant", [], { value: 1 / errors.length })]);
  return { graph, places };
}
