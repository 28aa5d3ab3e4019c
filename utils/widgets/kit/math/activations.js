/**
 * The activation functions of the lectures with their slopes, as in utils/reference/activations.py.
 * @module
 */

/** @typedef {{value: (z: number) => number, slope: (z: number) => number}} Activation */

/** Without overflow on either side. @param {number} z */
function logistic(z) {
  const e = Math.exp(-Math.abs(z));
  return (z >= 0 ? 1 : e) / (1 + e);
}

/**
 * Return the probability that a standard normal number is below z.
 * @param {number} z
 */
export function normalCdf(z) {
  const x = Math.abs(z);
  if (x > 38) return z > 0 ? 1 : 0;
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  let tail;
  if (x < 4) {
    // Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/15 + …)
    let term = x, sum = x;
    for (let n = 3; term > 1e-17 * sum; n += 2) {
      term *= (x * x) / n;
      sum += term;
    }
    tail = 0.5 - density * sum;
  } else {
    // The continued fraction of Laplace, from its far end.
    let rest = x;
    for (let k = 60; k >= 1; k--) rest = x + k / rest;
    tail = density / rest;
  }
  return z > 0 ? 1 - tail : tail;
}

const LEAK = 0.01;

/** By the names of the reference. @type {Readonly<Record<string, Activation>>} */
export const ACTIVATIONS = Object.freeze({
  identity: { value: (z) => z, slope: () => 1 },
  sigmoid: {
    value: logistic,
    slope: (z) => {
      const e = Math.exp(-Math.abs(z));
      return e / (1 + e) ** 2;
    },
  },
  tanh: { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
  relu: { value: (z) => Math.max(0, z), slope: (z) => (z > 0 ? 1 : 0) },
  leaky_relu: { value: (z) => (z > 0 ? z : LEAK * z), slope: (z) => (z > 0 ? 1 : LEAK) },
  softplus: { value: (z) => Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z))), slope: logistic },
  gelu: {
    value: (z) => z * normalCdf(z),
    slope: (z) => normalCdf(z) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
  },
});
