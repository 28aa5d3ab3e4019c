/**
 * Four ways to damage a sound, the same as in utils/figures/audio_damages.py.
 * @module
 */
import { fft, inverseFft } from "./fft.js";
import { normal } from "./random.js";

export const KINDS = Object.freeze(["noise", "phase", "lowpass", "shift"]);
const ORDER = 4;
const SEED = 1;

/**
 * Return a function that damages one sound; what does not depend on the amount is kept.
 * @param {Float64Array} samples as many as a power of two
 * @param {number} rate in Hz
 * @param {number} [level] to which the noise is relative; default: the root mean square
 * @returns {(kind: string, amount: number) => Float64Array}
 */
export function createDamages(samples, rate, level = rms(samples)) {
  const n = samples.length;
  const re = Float64Array.from(samples), im = new Float64Array(n);
  fft(re, im);
  const quarter = hilbert(re, im);
  const next = normal(SEED);
  const hiss = Float64Array.from({ length: n }, () => level * next());

  /** @type {Record<string, (amount: number) => Float64Array>} */
  const ways = {
    noise: (decibels) => mix(samples, 1, hiss, 10 ** (decibels / 20)),
    phase: (degrees) => mix(samples, Math.cos((degrees * Math.PI) / 180), quarter, -Math.sin((degrees * Math.PI) / 180)),
    lowpass: (hz) => lowPass(re, im, hz / rate),
    shift: (milliseconds) => delay(samples, Math.round((milliseconds * rate) / 1000)),
  };
  return (kind, amount) => ways[kind](amount);
}

/** Root mean square. @param {Float64Array} samples */
export function rms(samples) {
  return Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length);
}

/**
 * Return the first samples, faded out at the end, so that a cut does not click.
 * @param {ArrayLike<number>} samples @param {number} count @param {number} fade samples
 */
export function excerpt(samples, count, fade) {
  return Float64Array.from({ length: count }, (_, t) => samples[t] * Math.min(1, (count - t) / fade));
}

/** @param {Float64Array} a @param {number} p @param {Float64Array} b @param {number} q */
function mix(a, p, b, q) {
  return a.map((v, t) => p * v + q * b[t]);
}

/** Every partial a quarter of its period later. @param {Float64Array} re @param {Float64Array} im */
function hilbert(re, im) {
  const n = re.length;
  const a = new Float64Array(n), b = new Float64Array(n);
  for (let k = 1; k < n / 2; k++) {
    a[k] = im[k]; b[k] = -re[k];
    a[n - k] = -im[n - k]; b[n - k] = re[n - k];
  }
  inverseFft(a, b);
  return a;
}

/**
 * The gain of a Butterworth filter, without its phase.
 * @param {Float64Array} re @param {Float64Array} im @param {number} cutoff part of the rate
 */
function lowPass(re, im, cutoff) {
  const n = re.length;
  const a = new Float64Array(n), b = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const f = Math.min(k, n - k) / n;
    const gain = 1 / Math.sqrt(1 + (f / cutoff) ** (2 * ORDER));
    a[k] = gain * re[k];
    b[k] = gain * im[k];
  }
  inverseFft(a, b);
  return a;
}

/** @param {Float64Array} samples @param {number} by */
function delay(samples, by) {
  const late = new Float64Array(samples.length);
  late.set(samples.subarray(0, samples.length - by), by);
  return late;
}
