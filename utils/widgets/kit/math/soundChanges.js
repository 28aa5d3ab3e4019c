/**
 * The changes of the audition on a sound, the same as in utils/widgets/augmentation/changes.py.
 * @module
 */
import { fft, inverseFft } from "./fft.js";
import { melOf } from "./frontEnd.js";
import { normal } from "./random.js";
import { resampleTo, stretchTo } from "./vocoder.js";

const RATE = 16000, FFT = 2 ** 17, TAIL = 2048, BANDS = 64;
const SHELF = 2000, BELL = 1000, MIDDLE = 0.3, LOW_BANDS = 0.2, FADE = 0.005, SILENT = -60, Q = 0.707;

/** Where a frequency lies between the mel bands; the center of the lowest is 0. @param {number} hz */
export function bandOf(hz) {
  const low = melOf(20), high = melOf(8000);
  return ((melOf(hz) - low) * (BANDS + 1)) / (high - low) - 1;
}

/**
 * Return the coefficients of an equalizer (Bristow-Johnson): b0, b1, b2, a0, a1, a2.
 * @param {"peak" | "high_shelf"} kind @param {number} hz @param {number} decibels
 */
export function biquad(kind, hz, decibels) {
  const A = 10 ** (decibels / 40), omega = (2 * Math.PI * hz) / RATE, alpha = Math.sin(omega) / (2 * Q);
  if (kind === "peak") {
    const middle = -2 * Math.cos(omega);
    return [1 + alpha * A, middle, 1 - alpha * A, 1 + alpha / A, middle, 1 - alpha / A];
  }
  const cosine = -Math.cos(omega), bend = 2 * Math.sqrt(A) * alpha;
  const up = A + 1 + (A - 1) * cosine, down = A + 1 - (A - 1) * cosine;
  return [
    A * (down + bend), -2 * A * (A - 1 - (A + 1) * cosine), A * (down - bend),
    up + bend, 2 * (A - 1 + (A + 1) * cosine), up - bend,
  ];
}

/**
 * Return what the equalizer does to a frequency: real and imaginary part of a factor.
 * @param {number[]} coefficients @param {number} hz
 */
export function response([b0, b1, b2, a0, a1, a2], hz) {
  const w = (2 * Math.PI * hz) / RATE;
  const c1 = Math.cos(w), s1 = -Math.sin(w), c2 = Math.cos(2 * w), s2 = -Math.sin(2 * w);
  const pr = b0 + b1 * c1 + b2 * c2, pi = b1 * s1 + b2 * s2;
  const qr = a0 + a1 * c1 + a2 * c2, qi = a1 * s1 + a2 * s2, size = qr * qr + qi * qi;
  return [(pr * qr + pi * qi) / size, (pi * qr - pr * qi) / size];
}

/**
 * Return a function that changes one sound; what does not depend on the amount is kept.
 * @param {ArrayLike<number>} sound
 * @returns {(change: string, amount: number) => Float64Array}
 */
export function createSoundChanges(sound) {
  const samples = Float64Array.from(sound), n = samples.length;
  const spectrum = kept(() => {
    const re = new Float64Array(FFT), im = new Float64Array(FFT);
    re.set(samples);
    fft(re, im);
    return { re, im };
  });
  const hiss = kept(() => {
    const next = normal(1), noise = Float64Array.from({ length: n }, next);
    const factor = Math.sqrt(power(samples) / power(noise));
    return noise.map((v) => v * factor);
  });
  const filtered = (/** @type {(hz: number) => number[]} */ gain) => filter(spectrum(), n, gain);

  /** @type {Record<string, (amount: number) => Float64Array>} */
  const ways = {
    pitch_shift(semitones) {
      const long = new Float64Array(n + TAIL);
      long.set(samples);
      const slow = stretchTo(long, Math.round((n + TAIL) * 2 ** (semitones / 12)));
      return resampleTo(slow, n + TAIL).slice(0, n);
    },
    time_stretch(rate) {
      const out = new Float64Array(n);
      out.set(stretchTo(samples, Math.round(n / rate)).subarray(0, n));
      return out;
    },
    shelf: (decibels) => filtered((hz) => response(biquad("high_shelf", SHELF, decibels), hz)),
    bell: (decibels) => filtered((hz) => response(biquad("peak", BELL, decibels), hz)),
    tilt: (slope) => filtered((hz) => [10 ** ((slope * (Math.min(63, Math.max(0, bandOf(hz))) - 31.5)) / 20), 0]),
    noise: (level) => samples.map((v, t) => v + hiss()[t] * 10 ** (level / 20)),
    gain: (decibels) => samples.map((v) => v * 10 ** (decibels / 20)),
    time_shift: (seconds) => samples.map((_, t) => samples[t - Math.round(seconds * RATE)] ?? 0),
    attack_gap: (seconds) => gap(samples, seconds, 0),
    middle_gap: (seconds) => gap(samples, seconds, MIDDLE),
    bands(count) {
      const first = LOW_BANDS * (BANDS - count) - 0.5;
      return filtered((hz) => {
        const band = bandOf(hz);
        return [band < first || band >= first + count ? 1 : 0, 0];
      });
    },
  };
  return (change, amount) => (amount === neutralOf(change) ? samples : ways[change](amount));
}

/** The amount that changes nothing. @param {string} change */
export function neutralOf(change) {
  return change === "time_stretch" ? 1 : change === "noise" ? SILENT : 0;
}

/** Call a function once. @template T @param {() => T} make @returns {() => T} */
function kept(make) {
  /** @type {{value: T} | undefined} */
  let found;
  return () => (found ??= { value: make() }).value;
}

/** Mean of the squares. @param {Float64Array} samples */
function power(samples) {
  return samples.reduce((sum, v) => sum + v * v, 0) / samples.length;
}

/**
 * Multiply the spectrum by factors.
 * @param {{re: Float64Array, im: Float64Array}} spectrum @param {number} n samples
 * @param {(hz: number) => number[]} gain
 */
function filter({ re, im }, n, gain) {
  const a = new Float64Array(FFT), b = new Float64Array(FFT);
  for (let k = 0; k <= FFT / 2; k++) {
    const [c, s] = gain((k * RATE) / FFT);
    a[k] = re[k] * c - im[k] * s;
    b[k] = re[k] * s + im[k] * c;
    if (k === 0 || k === FFT / 2) continue;
    a[FFT - k] = a[k];
    b[FFT - k] = -b[k];
  }
  inverseFft(a, b);
  return a.slice(0, n);
}

/** @param {Float64Array} samples @param {number} seconds @param {number} position 0 at the start, 1 at the end */
function gap(samples, seconds, position) {
  const length = seconds * RATE, start = position * (samples.length - length), ramp = FADE * RATE;
  return samples.map((v, t) => v * Math.min(1, Math.max(0, Math.max(start - t - 0.5, t + 0.5 - start - length) / ramp)));
}
