/**
 * The fast Fourier transform (Cooley and Tukey, 1965), for lengths that are powers of two.
 * @module
 */

/** @typedef {{flip: Uint32Array, cos: Float64Array, sin: Float64Array}} Plan */

/** @type {Map<number, Plan>} */
const plans = new Map();

/**
 * Transform complex numbers in place; forward, without a factor.
 * @param {Float64Array} re @param {Float64Array} im
 */
export function fft(re, im) {
  const n = re.length;
  const { flip, cos, sin } = planOf(n);
  for (let i = 0; i < n; i++) {
    const j = flip[i];
    if (j > i) {
      const a = re[i], b = im[i];
      re[i] = re[j]; im[i] = im[j];
      re[j] = a; im[j] = b;
    }
  }
  if (n > 2) fours(re, im);
  for (let half = n > 2 ? 4 : 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let start = 0; start < n; start += 2 * half) {
      for (let k = 0, i = start; k < half; k++, i++) {
        const c = cos[k * stride], s = sin[k * stride], j = i + half;
        const x = re[j] * c + im[j] * s, y = im[j] * c - re[j] * s;
        re[j] = re[i] - x; im[j] = im[i] - y;
        re[i] += x; im[i] += y;
      }
    }
  }
}

/**
 * The first two rounds at once: their factors are 1 and −i, so nothing is multiplied.
 * @param {Float64Array} re @param {Float64Array} im
 */
function fours(re, im) {
  for (let i = 0; i < re.length; i += 4) {
    const a = re[i] + re[i + 1], b = re[i] - re[i + 1], c = re[i + 2] + re[i + 3], d = re[i + 2] - re[i + 3];
    const e = im[i] + im[i + 1], f = im[i] - im[i + 1], g = im[i + 2] + im[i + 3], h = im[i + 2] - im[i + 3];
    re[i] = a + c; re[i + 1] = b + h; re[i + 2] = a - c; re[i + 3] = b - h;
    im[i] = e + g; im[i + 1] = f - d; im[i + 2] = e - g; im[i + 3] = f + d;
  }
}

/**
 * Transform back in place, with the factor 1/n.
 * @param {Float64Array} re @param {Float64Array} im
 */
export function inverseFft(re, im) {
  fft(im, re);
  const n = re.length;
  for (let i = 0; i < n; i++) { re[i] /= n; im[i] /= n; }
}

/** @param {number} n @returns {Plan} */
function planOf(n) {
  const known = plans.get(n);
  if (known) return known;
  const bits = Math.round(Math.log2(n));
  if (2 ** bits !== n || n < 2) throw new Error(`expected a power of two, got ${n}`);
  const flip = new Uint32Array(n);
  for (let i = 1; i < n; i++) flip[i] = (flip[i >> 1] >> 1) | ((i & 1) << (bits - 1));
  const angle = (/** @type {number} */ k) => (2 * Math.PI * k) / n;
  const plan = {
    flip,
    cos: Float64Array.from({ length: n / 2 }, (_, k) => Math.cos(angle(k))),
    sin: Float64Array.from({ length: n / 2 }, (_, k) => Math.sin(angle(k))),
  };
  plans.set(n, plan);
  return plan;
}
