/**
 * A net with two hidden layers of units that dropout can switch off, and all its masks.
 * @module
 */

/** @typedef {{w1: number[][], b1: number[], w2: number[][], b2: number[], w3: number[], b3: number}} Net */
/** @typedef {{h1: number[], h2: number[], output: number}} Pass */

/**
 * Return both hidden layers after their masks, and the output.
 * @param {Net} net @param {number[]} x @param {number[]} m1 mask of the first layer @param {number[]} m2
 * @returns {Pass}
 */
export function forward(net, x, m1, m2) {
  const h1 = layer(net.w1, net.b1, x).map((v, i) => m1[i] * Math.max(0, v));
  const h2 = layer(net.w2, net.b2, h1).map((v, i) => m2[i] * Math.max(0, v));
  return { h1, h2, output: net.w3.reduce((sum, w, i) => sum + w * h2[i], net.b3) };
}

/** @param {number[][]} w @param {number[]} b @param {number[]} x */
function layer(w, b, x) {
  return w.map((row, i) => row.reduce((sum, v, j) => sum + v * x[j], b[i]));
}

/**
 * Return the mask of dropout: 0 where a uniform number is below p, else 1 / (1 − p), or 1 unscaled.
 * @param {number[]} numbers @param {number} p @param {boolean} [scaled]
 */
export function dropoutMask(numbers, p, scaled = true) {
  return numbers.map((t) => (t >= p ? (scaled ? 1 / (1 - p) : 1) : 0));
}

/**
 * Return the outputs of all nets that dropout can make, and how probable each is.
 * @param {Net} net @param {number[]} x @param {number} p @param {boolean} [scaled]
 */
export function allNets(net, x, p, scaled = true) {
  const a = net.b1.length, b = net.b2.length, on = scaled ? 1 / (1 - p) : 1;
  const count = 2 ** (a + b), outputs = new Float64Array(count), weights = new Float64Array(count);
  const raw = layer(net.w1, net.b1, x).map((v) => on * Math.max(0, v));
  for (let first = 0; first < 2 ** a; first++) {
    const h1 = raw.map((v, i) => ((first >> i) & 1 ? v : 0));
    const out = layer(net.w2, net.b2, h1).map((v, i) => on * Math.max(0, v) * net.w3[i]);
    for (let second = 0; second < 2 ** b; second++) {
      const at = first * 2 ** b + second, kept = bits(first) + bits(second);
      outputs[at] = out.reduce((sum, v, i) => sum + ((second >> i) & 1 ? v : 0), net.b3);
      weights[at] = (1 - p) ** kept * p ** (a + b - kept);
    }
  }
  return { outputs, weights };
}

/** @param {number} n */
function bits(n) {
  let count = 0;
  for (let rest = n; rest; rest >>= 1) count += rest & 1;
  return count;
}

/** Mean and standard deviation of weighted numbers. @param {{outputs: Float64Array, weights: Float64Array}} all */
export function moments({ outputs, weights }) {
  let mean = 0, square = 0;
  outputs.forEach((v, i) => { mean += weights[i] * v; });
  outputs.forEach((v, i) => { square += weights[i] * (v - mean) ** 2; });
  return { mean, deviation: Math.sqrt(square) };
}
