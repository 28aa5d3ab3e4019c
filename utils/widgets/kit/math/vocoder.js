/**
 * A phase-locked vocoder: other speeds at the same pitch, as utils/notes/augment_vocoder.py; and
 * resampling by windowed sines over their argument, a little less sharp at the edge than there.
 * @module
 */
import { fft, inverseFft } from "./fft.js";

const SIZE = 2048, HOP = SIZE / 4, BINS = SIZE / 2 + 1;
const WINDOW = Float64Array.from({ length: SIZE }, (_, t) => 0.5 - 0.5 * Math.cos((2 * Math.PI * t) / SIZE));
const CROSSINGS = 48, FINE = 256, BETA = 8;

/** Round half to even, as Python does. @param {number} v */
const toEven = (v) => {
  const low = Math.floor(v);
  return v - low === 0.5 ? low + (low % 2) : Math.round(v);
};

/**
 * Return the sound stretched to `count` samples at the same pitch.
 *
 * A frame is taken from the sound at its own place, and turned so that it continues the frame
 * before by the phase that passes in the sound within one hop.
 * @param {ArrayLike<number>} sound @param {number} count
 */
export function stretchTo(sound, count) {
  const frames = Math.floor(count / HOP) + 2, n = sound.length;
  const sum = new Float64Array(SIZE + (frames - 1) * HOP), weight = new Float64Array(sum.length);
  const here = spectrum(), before = spectrum();
  let last = spectrum(), next = spectrum();
  for (let t = 0; t < frames; t++) {
    const place = toEven((t * HOP * n) / count) - SIZE / 2;
    analyze(sound, place, place - HOP, here, before);
    if (t === 0) {
      next.re.set(here.re);
      next.im.set(here.im);
    } else turn(last, before, here, next);
    // Two frames go back through one transform.
    if (t % 2) addTwo(last, next, sum, weight, (t - 1) * HOP);
    else if (t === frames - 1) addTwo(next, null, sum, weight, t * HOP);
    [last, next] = [next, last];
  }
  const half = SIZE / 2;
  return Float64Array.from({ length: count }, (_, t) => (weight[t + half] > 1e-11 ? sum[t + half] / weight[t + half] : 0));
}

/** @typedef {{re: Float64Array, im: Float64Array}} Spectrum */
/** @returns {Spectrum} */
function spectrum() {
  return { re: new Float64Array(BINS), im: new Float64Array(BINS) };
}

const x = new Float64Array(SIZE), y = new Float64Array(SIZE);

/**
 * The spectra at two places, by one transform; outside the sound is silence.
 * @param {ArrayLike<number>} sound @param {number} a @param {number} b
 * @param {Spectrum} first @param {Spectrum} second
 */
function analyze(sound, a, b, first, second) {
  for (let t = 0; t < SIZE; t++) {
    x[t] = (sound[a + t] ?? 0) * WINDOW[t];
    y[t] = (sound[b + t] ?? 0) * WINDOW[t];
  }
  fft(x, y);
  for (let k = 0; k < BINS; k++) {
    const j = (SIZE - k) % SIZE;
    first.re[k] = (x[k] + x[j]) / 2;
    first.im[k] = (y[k] - y[j]) / 2;
    second.re[k] = (y[k] + y[j]) / 2;
    second.im[k] = (x[j] - x[k]) / 2;
  }
}

/**
 * The bins of one partial have alternating signs. Where they stick together, each follows the
 * strongest, and no partial cancels itself (Puckette, 1995).
 * @param {Spectrum} last @param {Spectrum} before @param {Spectrum} here @param {Spectrum} out
 */
function turn(last, before, here, out) {
  for (let k = 0; k < BINS; k++) {
    const a = last.re[k] - (k ? last.re[k - 1] : 0) - (k < BINS - 1 ? last.re[k + 1] : 0);
    const b = last.im[k] - (k ? last.im[k - 1] : 0) - (k < BINS - 1 ? last.im[k + 1] : 0);
    let c = a * before.re[k] + b * before.im[k], s = b * before.re[k] - a * before.im[k];
    const size = Math.hypot(c, s);
    if (size > 0) { c /= size; s /= size; } else { c = 1; s = 0; }
    out.re[k] = here.re[k] * c - here.im[k] * s;
    out.im[k] = here.re[k] * s + here.im[k] * c;
  }
}

/**
 * Add one or two frames to the sound.
 * @param {Spectrum} one @param {Spectrum | null} two
 * @param {Float64Array} sum @param {Float64Array} weight @param {number} at
 */
function addTwo(one, two, sum, weight, at) {
  for (let k = 0; k < BINS; k++) {
    const edge = k === 0 || k === BINS - 1;
    const a = one.re[k], b = edge ? 0 : one.im[k], c = two ? two.re[k] : 0, d = two && !edge ? two.im[k] : 0;
    x[k] = a - d;
    y[k] = b + c;
    if (edge) continue;
    x[SIZE - k] = a + d;
    y[SIZE - k] = c - b;
  }
  inverseFft(x, y);
  for (let t = 0; t < SIZE; t++) {
    const w = WINDOW[t];
    sum[at + t] += x[t] * w;
    weight[at + t] += w * w;
    if (!two) continue;
    sum[at + HOP + t] += y[t] * w;
    weight[at + HOP + t] += w * w;
  }
}

/** @type {Float64Array | undefined} */
let kernel;

/** Half of a windowed sine over its argument, FINE values a crossing. */
function sincTable() {
  if (kernel) return kernel;
  const made = new Float64Array(CROSSINGS * FINE + 2), top = bessel(BETA);
  for (let i = 0; i < made.length; i++) {
    const d = i / FINE, r = d / CROSSINGS;
    const sinc = i ? Math.sin(Math.PI * d) / (Math.PI * d) : 1;
    made[i] = r < 1 ? (sinc * bessel(BETA * Math.sqrt(1 - r * r))) / top : 0;
  }
  kernel = made;
  return made;
}

/** The modified Bessel function I₀ of Kaiser's window. @param {number} v */
function bessel(v) {
  let sum = 1, term = 1;
  for (let k = 1; k < 30; k++) {
    term *= (v / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Return the sound with `count` samples in place of its own: played faster or slower.
 * @param {ArrayLike<number>} sound @param {number} count
 */
export function resampleTo(sound, count) {
  const n = sound.length, step = n / count, cutoff = Math.min(1, count / n);
  const table = sincTable(), reach = CROSSINGS / cutoff;
  const out = new Float64Array(count);
  for (let j = 0; j < count; j++) {
    const place = j * step, to = Math.min(n - 1, Math.floor(place + reach));
    let sum = 0;
    for (let k = Math.max(0, Math.ceil(place - reach)); k <= to; k++) {
      const at = Math.abs(place - k) * cutoff * FINE, i = Math.floor(at);
      sum += sound[k] * (table[i] + (at - i) * (table[i + 1] - table[i]));
    }
    out[j] = sum * cutoff;
  }
  return out;
}
