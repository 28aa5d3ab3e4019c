/**
 * Magnitude spectrograms, as utils/reference/audio_losses.py computes them: centered frames,
 * zeros beyond the ends, a periodic Hann window, divided by the window's sum.
 * @module
 */
import { fft } from "./fft.js";

/**
 * Call back with the magnitudes of each frame; hop: a quarter of the window.
 *
 * Two frames go through one transform, as its real and its imaginary part.
 * @param {Float64Array} samples
 * @param {number} size length of the window, a power of two
 * @param {(frame: number, magnitudes: Float64Array) => void} use the array is used again
 */
export function eachFrame(samples, size, use) {
  const hop = size / 4;
  const count = 1 + Math.floor(samples.length / hop);
  const { window, sum } = hann(size);
  const re = new Float64Array(size), im = new Float64Array(size);
  const first = new Float64Array(size / 2 + 1), second = new Float64Array(size / 2 + 1);
  const scale = 0.5 / sum;
  for (let frame = 0; frame < count; frame += 2) {
    cut(samples, frame * hop - size / 2, window, re);
    if (frame + 1 < count) cut(samples, (frame + 1) * hop - size / 2, window, im);
    else im.fill(0);
    fft(re, im);
    for (let k = 0; k <= size / 2; k++) {
      const j = (size - k) % size;
      const a = re[k] + re[j], b = im[k] - im[j], c = im[k] + im[j], d = re[j] - re[k];
      first[k] = scale * Math.sqrt(a * a + b * b);
      second[k] = scale * Math.sqrt(c * c + d * d);
    }
    use(frame, first);
    if (frame + 1 < count) use(frame + 1, second);
  }
}

/**
 * Return the whole spectrogram, frame after frame.
 * @param {Float64Array} samples @param {number} size
 */
export function stftMagnitude(samples, size) {
  const bins = size / 2 + 1;
  const all = new Float64Array((1 + Math.floor(samples.length / (size / 4))) * bins);
  eachFrame(samples, size, (frame, magnitudes) => all.set(magnitudes, frame * bins));
  return all;
}

/**
 * @param {Float64Array} samples @param {number} start @param {Float64Array} window
 * @param {Float64Array} into
 */
function cut(samples, start, window, into) {
  const from = Math.max(0, -start), to = Math.min(into.length, samples.length - start);
  if (from > 0) into.fill(0, 0, from);
  if (to < into.length) into.fill(0, Math.max(0, to));
  for (let t = from; t < to; t++) into[t] = samples[start + t] * window[t];
}

/** @type {Map<number, {window: Float64Array, sum: number}>} */
const windows = new Map();

/** @param {number} size */
function hann(size) {
  let found = windows.get(size);
  if (!found) {
    const window = Float64Array.from({ length: size }, (_, t) => 0.5 - 0.5 * Math.cos((2 * Math.PI * t) / size));
    found = { window, sum: window.reduce((a, b) => a + b, 0) };
    windows.set(size, found);
  }
  return found;
}
