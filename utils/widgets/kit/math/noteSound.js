/**
 * Notes as spectra and back, with the front end of the course: what
 * utils/training/resynthesis.py and utils/training/mel_inversion.py compute.
 *
 * A spectrum is frame after frame; pictures and masks are row by row from the lowest band.
 * @module
 */
import { fft, inverseFft } from "./fft.js";

/** @typedef {{rate: number, samples: number, size: number, hop: number, low: number, high: number, bands: number, frames: number, range: number}} FrontEnd size of the window in samples, rims of the bands in Hz, range in dB */
/** @typedef {{re: Float64Array, im: Float64Array}} Spectrum one frame more than the picture, size / 2 + 1 bins each */
/** @typedef {{first: number, weights: Float64Array}} Band its weights from the first bin on */

/** @type {Map<number, Float64Array>} */
const windows = new Map();

/** A periodic Hann window. @param {number} size */
function hann(size) {
  let found = windows.get(size);
  if (!found) {
    found = Float64Array.from({ length: size }, (_, t) => 0.5 - 0.5 * Math.cos((2 * Math.PI * t) / size));
    windows.set(size, found);
  }
  return found;
}

/**
 * Return the spectra of centered frames, the ends reflected.
 * @param {ArrayLike<number>} samples @param {FrontEnd} end @returns {Spectrum}
 */
export function stft(samples, { size, hop, frames }) {
  const bins = size / 2 + 1, count = frames + 1, window = hann(size), n = samples.length;
  const re = new Float64Array(count * bins), im = new Float64Array(count * bins);
  const a = new Float64Array(size), b = new Float64Array(size);
  for (let f = 0; f < count; f++) {
    for (let t = 0; t < size; t++) {
      let at = Math.abs(f * hop - size / 2 + t);
      if (at >= n) at = 2 * n - 2 - at;
      a[t] = samples[at] * window[t];
    }
    b.fill(0);
    fft(a, b);
    re.set(a.subarray(0, bins), f * bins);
    im.set(b.subarray(0, bins), f * bins);
  }
  return { re, im };
}

/**
 * Return the sound whose spectra come nearest to the given ones.
 * @param {Spectrum} spectrum @param {FrontEnd} end
 */
export function istft({ re, im }, { size, hop, frames, samples }) {
  const bins = size / 2 + 1, window = hann(size), start = size / 2;
  const out = new Float64Array(samples), weight = new Float64Array(samples);
  const a = new Float64Array(size), b = new Float64Array(size);
  for (let f = 0; f <= frames; f++) {
    for (let k = 0; k < bins; k++) {
      const real = re[f * bins + k], other = k === 0 || k === size / 2 ? 0 : im[f * bins + k];
      a[k] = real;
      b[k] = other;
      if (k > 0 && k < size / 2) {
        a[size - k] = real;
        b[size - k] = -other;
      }
    }
    inverseFft(a, b);
    const from = Math.max(0, start - f * hop), to = Math.min(size, samples + start - f * hop);
    for (let t = from, at = f * hop - start + from; t < to; t++, at++) {
      out[at] += a[t] * window[t];
      weight[at] += window[t] * window[t];
    }
  }
  for (let t = 0; t < samples; t++) out[t] /= weight[t] || 1;
  return out;
}

/** @type {Map<string, Band[]>} */
const banks = new Map();

/**
 * Return the triangles of the mel bands (HTK) over the bins, from the lowest band.
 * @param {FrontEnd} end
 */
export function melBank({ rate, size, low, high, bands }) {
  const key = [rate, size, low, high, bands].join();
  const known = banks.get(key);
  if (known) return known;
  const mel = (/** @type {number} */ hz) => 2595 * Math.log10(1 + hz / 700);
  const corner = (/** @type {number} */ k) => 700 * (10 ** ((mel(low) + ((mel(high) - mel(low)) * k) / (bands + 1)) / 2595) - 1);
  const step = rate / size;
  const bank = Array.from({ length: bands }, (_, b) => {
    const left = corner(b), middle = corner(b + 1), right = corner(b + 2);
    const first = Math.max(0, Math.ceil(left / step)), last = Math.min(size / 2, Math.floor(right / step));
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => {
      const hz = (first + i) * step;
      return Math.max(0, Math.min((hz - left) / (middle - left), (right - hz) / (right - middle)));
    });
    return { first, weights };
  });
  banks.set(key, bank);
  return bank;
}

/** How much all bands together hear of each bin. @param {Band[]} bank @param {number} bins */
function heardOf(bank, bins) {
  const heard = new Float64Array(bins);
  for (const { first, weights } of bank) for (let i = 0; i < weights.length; i++) heard[first + i] += weights[i];
  return heard;
}

/**
 * Return a feature map as a mask of bands × frames: what is negative is 0, the largest is 1,
 * between its cells by linear interpolation.
 * @param {{values: ArrayLike<number>, rows: number, cols: number}} map @param {FrontEnd} end
 */
export function mapToMask({ values, rows, cols }, { bands, frames }) {
  let peak = 0;
  for (let i = 0; i < values.length; i++) peak = Math.max(peak, values[i]);
  const mask = new Float64Array(bands * frames);
  if (!peak) return mask;
  const level = (/** @type {number} */ row, /** @type {number} */ col) => Math.max(0, values[row * cols + col]) / peak;
  for (let r = 0; r < bands; r++) {
    const [top, below, v] = between(r, rows / bands, rows);
    for (let c = 0; c < frames; c++) {
      const [left, right, u] = between(c, cols / frames, cols);
      mask[r * frames + c] = (1 - v) * ((1 - u) * level(top, left) + u * level(top, right))
        + v * ((1 - u) * level(below, left) + u * level(below, right));
    }
  }
  return mask;
}

/** Both neighbors of a place and the part of the second. @param {number} i @param {number} ratio @param {number} size */
function between(i, ratio, size) {
  const at = Math.max(0, (i + 0.5) * ratio - 0.5), low = Math.min(size - 1, Math.floor(at));
  return [low, Math.min(size - 1, low + 1), at - low];
}

/**
 * Return a mask over bands as one over bins, frame after frame: every bin takes the mean of the
 * bands that hear it; bins that none hears follow the nearest band.
 * @param {ArrayLike<number>} mask @param {FrontEnd} end
 */
export function binMask(mask, end) {
  const { size, bands, frames } = end, bins = size / 2 + 1;
  const bank = melBank(end), heard = heardOf(bank, bins);
  const middle = heard.indexOf(heard.reduce((a, b) => Math.max(a, b), 0));
  const out = new Float64Array((frames + 1) * bins);
  for (let f = 0; f <= frames; f++) {
    const column = Math.min(f, frames - 1), at = f * bins;
    bank.forEach(({ first, weights }, b) => {
      const m = mask[b * frames + column];
      for (let i = 0; m && i < weights.length; i++) out[at + first + i] += weights[i] * m;
    });
    for (let k = 0; k < bins; k++) {
      if (heard[k]) out[at + k] /= heard[k];
      else out[at + k] = mask[(k < middle ? 0 : bands - 1) * frames + column];
    }
  }
  return out;
}

/**
 * Return a note's parts under a mask and the rest; both together are the note.
 * @param {ArrayLike<number>} samples @param {ArrayLike<number>} mask bands × frames @param {FrontEnd} end
 */
export function masked(samples, mask, end) {
  const spectrum = stft(samples, end), weights = binMask(mask, end);
  const part = (/** @type {(w: number) => number} */ of) => istft({
    re: spectrum.re.map((v, i) => v * of(weights[i])), im: spectrum.im.map((v, i) => v * of(weights[i])),
  }, end);
  return { kept: part((w) => w), rest: part((w) => 1 - w) };
}

/**
 * Return a sound with a peak of 1, for a loudspeaker; silence stays silence.
 * @param {Float64Array} samples @param {number} [peak]
 */
export function loud(samples, peak = 1) {
  let most = 0;
  for (let t = 0; t < samples.length; t++) most = Math.max(most, Math.abs(samples[t]));
  return Float32Array.from(samples, (v) => (most > 1e-6 ? (v / most) * peak : 0));
}

/**
 * Return the level of a sound in dB above another: the ratio of their powers.
 * @param {ArrayLike<number>} samples @param {ArrayLike<number>} other
 */
export function decibels(samples, other) {
  const power = (/** @type {ArrayLike<number>} */ all) => {
    let sum = 0;
    for (let t = 0; t < all.length; t++) sum += all[t] * all[t];
    return sum / all.length;
  };
  return 10 * Math.log10(power(samples) / power(other));
}
