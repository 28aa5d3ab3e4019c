/**
 * Polynomials of least squares with a ridge penalty, as utils/reference/polynomial.py has them.
 *
 * Powers of u, which runs from −1 to 1. The equations are solved by Householder reflections;
 * with fewer points than coefficients, the smallest coefficients are meant.
 * @module
 */

/**
 * Return the powers of points, one row a point.
 * @param {ArrayLike<number>} u @param {number} degree
 */
export function powers(u, degree) {
  return Array.from(u, (v) => {
    const row = new Float64Array(degree + 1);
    for (let k = 0, p = 1; k <= degree; k++, p *= v) row[k] = p;
    return row;
  });
}

/**
 * Return a polynomial's values.
 * @param {ArrayLike<number>} w from the constant upward @param {ArrayLike<number>} u
 */
export function polynomialAt(w, u) {
  return Float64Array.from(u, (v) => {
    let sum = 0;
    for (let k = w.length - 1; k >= 0; k--) sum = sum * v + w[k];
    return sum;
  });
}

/**
 * Return the coefficients with the least mean squared error plus λ times the sum of the squares
 * of all but the constant.
 * @param {ArrayLike<number>} u @param {ArrayLike<number>} y
 * @param {{degree: number, strength?: number}} options
 */
export function polynomialFit(u, y, { degree, strength = 0 }) {
  const rows = powers(u, degree), size = degree + 1;
  if (strength === 0) return rows.length >= size ? leastSquares(rows, Array.from(y)) : smallest(rows, y);
  const root = Math.sqrt(rows.length * strength);
  const below = Array.from({ length: degree }, (_, k) => {
    const row = new Float64Array(size);
    row[k + 1] = root;
    return row;
  });
  return leastSquares([...rows, ...below], [...Array.from(y), ...below.map(() => 0)]);
}

/** Mean squared error. @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
export function meanSquare(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum / a.length;
}

/** Solve A w ≈ y with at least as many rows as columns. @param {Float64Array[]} rows @param {number[]} y */
function leastSquares(rows, y) {
  const a = rows.map((row) => Float64Array.from(row)), b = Float64Array.from(y);
  const m = a.length, n = a[0].length;
  for (let k = 0; k < n; k++) {
    const v = column(a, k);
    for (let j = k; j < n; j++) reflect(v, k, (i) => a[i][j], (i, value) => { a[i][j] = value; });
    reflect(v, k, (i) => b[i], (i, value) => { b[i] = value; });
  }
  return backward(a, b.subarray(0, Math.min(m, n)));
}

/** The smallest w with A w = y, where rows are fewer than columns. @param {Float64Array[]} rows @param {ArrayLike<number>} y */
function smallest(rows, y) {
  const m = rows.length, n = rows[0].length;
  const a = Array.from({ length: n }, (_, i) => Float64Array.from(rows, (row) => row[i]));
  const mirrors = [];
  for (let k = 0; k < m; k++) {
    const v = column(a, k);
    mirrors.push(v);
    for (let j = k; j < m; j++) reflect(v, k, (i) => a[i][j], (i, value) => { a[i][j] = value; });
  }
  // Aᵀ = Q R, hence w = Q z with Rᵀ z = y.
  const w = new Float64Array(n);
  for (let k = 0; k < m; k++) {
    let sum = y[k];
    for (let i = 0; i < k; i++) sum -= a[i][k] * w[i];
    w[k] = sum / a[k][k];
  }
  for (let k = m - 1; k >= 0; k--) reflect(mirrors[k], k, (i) => w[i], (i, value) => { w[i] = value; });
  return w;
}

/** The mirror that turns column k into its first entry. @param {Float64Array[]} a @param {number} k */
function column(a, k) {
  const v = Float64Array.from({ length: a.length - k }, (_, i) => a[k + i][k]);
  let norm = 0;
  for (const x of v) norm += x * x;
  norm = Math.sqrt(norm);
  v[0] += v[0] >= 0 ? norm : -norm;
  let square = 0;
  for (const x of v) square += x * x;
  const scale = square > 0 ? Math.sqrt(2 / square) : 0;
  return v.map((x) => x * scale);
}

/** @param {Float64Array} v @param {number} k @param {(i: number) => number} get @param {(i: number, value: number) => void} set */
function reflect(v, k, get, set) {
  let dot = 0;
  for (let i = 0; i < v.length; i++) dot += v[i] * get(k + i);
  for (let i = 0; i < v.length; i++) set(k + i, get(k + i) - dot * v[i]);
}

/** @param {Float64Array[]} r @param {Float64Array} b */
function backward(r, b) {
  const w = new Float64Array(b.length);
  for (let k = b.length - 1; k >= 0; k--) {
    let sum = b[k];
    for (let j = k + 1; j < b.length; j++) sum -= r[k][j] * w[j];
    w[k] = sum / r[k][k];
  }
  return w;
}
