/**
 * Regression with an L1 or L2 penalty, from G = XᵀX / n and c = Xᵀy / n alone.
 *
 * The loss is mean((Xw − y)²) + λ Σ|w| or + λ Σw².
 * @module
 */

/** @typedef {number[][]} Matrix */

/** Return w of (G + λI) w = c. @param {Matrix} g @param {number[]} c @param {number} strength */
export function ridge(g, c, strength) {
  const n = c.length;
  const a = g.map((row, i) => [...row.map((v, j) => (i === j ? v + strength : v)), c[i]]);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(a[i][k]) > Math.abs(a[pivot][k])) pivot = i;
    [a[k], a[pivot]] = [a[pivot], a[k]];
    for (let i = k + 1; i < n; i++) {
      const by = a[i][k] / a[k][k];
      for (let j = k; j <= n; j++) a[i][j] -= by * a[k][j];
    }
  }
  const w = new Array(n).fill(0);
  for (let k = n - 1; k >= 0; k--) {
    let sum = a[k][n];
    for (let j = k + 1; j < n; j++) sum -= a[k][j] * w[j];
    w[k] = sum / a[k][k];
  }
  return w;
}

/** Toward zero by a threshold. @param {number} v @param {number} threshold */
export function softThreshold(v, threshold) {
  return Math.sign(v) * Math.max(Math.abs(v) - threshold, 0);
}

/**
 * Return w with the L1 penalty, one weight after the other until none moves.
 * @param {Matrix} g @param {number[]} c @param {number} strength @param {number[]} [start]
 */
export function lasso(g, c, strength, start) {
  const w = start ? [...start] : c.map(() => 0);
  for (let round = 0; round < 20000; round++) {
    let moved = 0;
    for (let j = 0; j < w.length; j++) {
      let rest = c[j];
      for (let k = 0; k < w.length; k++) if (k !== j) rest -= g[j][k] * w[k];
      const next = softThreshold(rest, strength / 2) / g[j][j];
      moved = Math.max(moved, Math.abs(next - w[j]));
      w[j] = next;
    }
    if (moved < 1e-13) break;
  }
  return w;
}

/** The smallest λ at which L1 leaves no weight. @param {number[]} c */
export const emptyFrom = (c) => 2 * Math.max(...c.map(Math.abs));

/** Mean squared error. @param {Matrix} g @param {number[]} c @param {number} square mean of y² @param {number[]} w */
export function squaredError(g, c, square, w) {
  let sum = square;
  for (let i = 0; i < w.length; i++) {
    sum -= 2 * c[i] * w[i];
    for (let j = 0; j < w.length; j++) sum += w[i] * g[i][j] * w[j];
  }
  return sum;
}

/**
 * Return the weights at each λ, from the largest down so that each fit begins near its end.
 * @param {"L1" | "L2"} kind @param {Matrix} g @param {number[]} c @param {number[]} strengths ascending
 */
export function weightPath(kind, g, c, strengths) {
  /** @type {number[] | undefined} */
  let last;
  const found = [...strengths].reverse().map((strength) => {
    last = kind === "L1" ? lasso(g, c, strength, last) : ridge(g, c, strength);
    return last;
  });
  return found.reverse();
}
