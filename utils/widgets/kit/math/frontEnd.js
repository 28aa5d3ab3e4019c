/**
 * From sound to a picture of band levels and back, as utils/notes/mel.py and
 * utils/training/mel_inversion.py do it, for any window, hop and number of bands.
 *
 * Pictures go band after band from the lowest; a band has `frames` values in [0, 1].
 * @module
 */
import { fft, inverseFft } from "./fft.js";

/** @typedef {{size: number, hop: number, samples: number}} Frames hop divides samples; the last frame is left out of a picture */
/** @typedef {{first: number, weights: Float64Array}} Filter weights of the bins from `first` on */
/** @typedef {{log: boolean, range: number}} Level range in dB below the maximum, if log */

const FLOOR = 1e-10, TINY = 1e-300;

/** @param {number} hz */
export const melOf = (hz) => 2595 * Math.log10(1 + hz / 700);
/** @param {number} mel */
export const hertzOf = (mel) => 700 * (10 ** (mel / 2595) - 1);

/**
 * Return the frequencies at which `bands` triangles begin, peak and end: bands + 2 corners.
 * @param {{scale: string, bands: number, low: number, high: number}} options scale: "mel" or "linear"
 */
export function corners({ scale, bands, low, high }) {
  const [to, from] = scale === "mel" ? [melOf, hertzOf] : [Number, Number];
  const a = to(low), b = to(high);
  return Array.from({ length: bands + 2 }, (_, k) => from(a + ((b - a) * k) / (bands + 1)));
}

/**
 * Return triangles with peak 1; one that lies between two bins has no weights.
 * @param {{scale: string, bands: number, low: number, high: number, size: number, rate: number}} options
 * @returns {Filter[]}
 */
export function filterBank(options) {
  const { size, rate, bands } = options, at = corners(options), bin = rate / size;
  return Array.from({ length: bands }, (_, k) => {
    const first = Math.max(0, Math.floor(at[k] / bin) + 1), last = Math.min(size / 2, Math.ceil(at[k + 2] / bin) - 1);
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const hz = (first + i) * bin;
      return Math.max(0, Math.min((hz - at[k]) / (at[k + 1] - at[k]), (at[k + 2] - hz) / (at[k + 2] - at[k + 1])));
    });
    return { first, weights };
  });
}

/**
 * Return the power in each band and frame.
 * @param {ArrayLike<number>} sound @param {Frames} grid @param {Filter[]} bank
 */
export function bandPower(sound, grid, bank) {
  const frames = grid.samples / grid.hop, out = new Float64Array(bank.length * frames);
  const { re, im } = analyze(padded(sound, grid), grid);
  const bins = grid.size / 2 + 1, power = new Float64Array(bins);
  for (let frame = 0; frame < frames; frame++) {
    for (let k = 0, at = frame * bins; k < bins; k++, at++) power[k] = re[at] * re[at] + im[at] * im[at];
    bank.forEach(({ first, weights }, band) => {
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * power[first + i];
      out[band * frames + frame] = sum;
    });
  }
  return out;
}

/**
 * Return a picture: 1 is the loudest cell, 0 is `range` below it; or power over its maximum.
 * @param {Float64Array} power @param {Level} level
 */
export function pictureOf(power, { log, range }) {
  const top = power.reduce((a, b) => Math.max(a, b), 0);
  if (top <= FLOOR) return new Float64Array(power.length);
  if (!log) return power.map((v) => v / top);
  return power.map((v) => Math.max(-range, 10 * Math.log10(Math.max(v, FLOOR) / top)) / range + 1);
}

/** Round to the 256 steps of a byte. @param {Float64Array} picture */
export const inSteps = (picture) => picture.map((v) => Math.round(v * 255) / 255);

/**
 * Return the power that a picture stands for; 0 is silence.
 * @param {ArrayLike<number>} picture @param {Level} level
 */
export function powerOf(picture, { log, range }) {
  return Float64Array.from(picture, (v) => (v <= 0 ? 0 : log ? 10 ** (((v - 1) * range) / 10) : v));
}

/**
 * Return magnitudes of all bins that have the given power in the bands, frame after frame; the
 * last frame, which a picture lacks, repeats the one before.
 * @param {Float64Array} power @param {Filter[]} bank @param {Frames} grid @param {number} [iterations]
 */
export function magnitudesOf(power, bank, { size, hop, samples }, iterations = 50) {
  const frames = samples / hop, bins = size / 2 + 1, out = new Float64Array((frames + 1) * bins);
  const heard = new Float64Array(bins), p = new Float64Array(bins), next = new Float64Array(bins);
  for (const { first, weights } of bank) weights.forEach((w, i) => { heard[first + i] += w; });
  const spread = (/** @type {Float64Array} */ into, /** @type {(band: number) => number} */ value) => {
    into.fill(0);
    bank.forEach(({ first, weights }, band) => {
      const v = value(band);
      for (let i = 0; v && i < weights.length; i++) into[first + i] += weights[i] * v;
    });
  };
  for (let frame = 0; frame < frames; frame++) {
    const wanted = (/** @type {number} */ band) => power[band * frames + frame];
    spread(p, wanted);
    for (let n = 0; n < iterations; n++) {
      spread(next, (band) => {
        const { first, weights } = bank[band];
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * p[first + i];
        return wanted(band) / Math.max(sum, TINY);
      });
      for (let k = 0; k < bins; k++) p[k] = heard[k] ? (p[k] * next[k]) / heard[k] : 0;
    }
    for (let k = 0; k < bins; k++) out[frame * bins + k] = Math.sqrt(p[k]);
  }
  out.copyWithin(frames * bins, (frames - 1) * bins, frames * bins);
  return out;
}

/**
 * Look for a sound with the given magnitudes by the fast method of Griffin and Lim, one round
 * a step, so that a page can breathe in between.
 * @param {Float64Array} magnitudes @param {Frames} grid @param {number} [momentum]
 */
export function createGriffinLim(magnitudes, grid, momentum = 0.99) {
  const count = magnitudes.length, beta = momentum / (1 + momentum);
  // Phases of zero at first.
  const re = magnitudes.slice(), im = new Float64Array(count);
  let before = { re: new Float64Array(count), im: new Float64Array(count) };
  return {
    step() {
      const now = analyze(padded(synthesize({ re, im }, grid), grid), grid);
      for (let i = 0; i < count; i++) {
        const a = now.re[i] - beta * before.re[i], b = now.im[i] - beta * before.im[i];
        const scale = magnitudes[i] / Math.max(Math.sqrt(a * a + b * b), 1e-16);
        re[i] = a * scale;
        im[i] = b * scale;
      }
      before = now;
    },
    sound: () => synthesize({ re, im }, grid),
  };
}

/** Return a sound whose largest sample is `peak`. @param {Float64Array} sound @param {number} [peak] */
export function normalized(sound, peak = 1) {
  const top = sound.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return Float32Array.from(sound, (v) => (top > 1e-6 ? (v * peak) / top : 0));
}

/** Half a window more on both sides, mirrored. @param {ArrayLike<number>} sound @param {Frames} grid */
function padded(sound, { size, samples }) {
  const half = size / 2, out = new Float64Array(samples + size);
  for (let t = -half; t < samples + half; t++) {
    const from = t < 0 ? -t : t >= samples ? 2 * (samples - 1) - t : t;
    out[t + half] = sound[from] ?? 0;
  }
  return out;
}

/**
 * Spectra of all frames; two go through one transform, as its real and its imaginary part.
 * @param {Float64Array} wide @param {Frames} grid
 */
function analyze(wide, { size, hop, samples }) {
  const count = samples / hop + 1, bins = size / 2 + 1, window = hann(size);
  const out = { re: new Float64Array(count * bins), im: new Float64Array(count * bins) };
  const x = new Float64Array(size), y = new Float64Array(size);
  for (let frame = 0; frame < count; frame += 2) {
    const pair = frame + 1 < count;
    for (let t = 0, at = frame * hop; t < size; t++, at++) {
      x[t] = wide[at] * window[t];
      y[t] = pair ? wide[at + hop] * window[t] : 0;
    }
    fft(x, y);
    for (let k = 0, at = frame * bins; k < bins; k++, at++) {
      const j = (size - k) % size;
      out.re[at] = (x[k] + x[j]) / 2;
      out.im[at] = (y[k] - y[j]) / 2;
      if (!pair) continue;
      out.re[at + bins] = (y[k] + y[j]) / 2;
      out.im[at + bins] = (x[j] - x[k]) / 2;
    }
  }
  return out;
}

/**
 * The sound whose spectra are nearest.
 * @param {{re: Float64Array, im: Float64Array}} spectra @param {Frames} grid
 */
function synthesize({ re, im }, { size, hop, samples }) {
  const count = samples / hop + 1, bins = size / 2 + 1, window = hann(size);
  const sum = new Float64Array(samples + size), weight = new Float64Array(samples + size);
  const x = new Float64Array(size), y = new Float64Array(size);
  for (let frame = 0; frame < count; frame += 2) {
    const pair = frame + 1 < count;
    for (let k = 0, at = frame * bins; k < bins; k++, at++) {
      const edge = k === 0 || k === bins - 1;
      const a = re[at], b = edge ? 0 : im[at], c = pair ? re[at + bins] : 0, d = pair && !edge ? im[at + bins] : 0;
      x[k] = a - d;
      y[k] = b + c;
      if (edge) continue;
      x[size - k] = a + d;
      y[size - k] = c - b;
    }
    inverseFft(x, y);
    for (let t = 0, at = frame * hop; t < size; t++, at++) {
      const w = window[t];
      sum[at] += x[t] * w;
      weight[at] += w * w;
      if (!pair) continue;
      sum[at + hop] += y[t] * w;
      weight[at + hop] += w * w;
    }
  }
  const half = size / 2;
  return Float64Array.from({ length: samples }, (_, t) => sum[t + half] / Math.max(weight[t + half], 1e-11));
}

/** @type {Map<number, Float64Array>} */
const windows = new Map();

/** @param {number} size */
function hann(size) {
  let found = windows.get(size);
  if (!found) {
    found = Float64Array.from({ length: size }, (_, t) => 0.5 - 0.5 * Math.cos((2 * Math.PI * t) / size));
    windows.set(size, found);
  }
  return found;
}
