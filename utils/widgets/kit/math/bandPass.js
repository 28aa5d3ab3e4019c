/**
 * Keep what lies between two frequencies.
 * @module
 */
import { fft } from "./fft.js";

const FADE = 80;

/**
 * Return the part of a sound between two frequencies, without a click at its ends.
 * @param {ArrayLike<number>} wave @param {{rate: number, low: number, high: number}} options in Hz
 */
export function bandPass(wave, { rate, low, high }) {
  const n = 2 ** Math.ceil(Math.log2(Math.max(2, wave.length)));
  const re = new Float64Array(n), im = new Float64Array(n);
  re.set(wave);
  fft(re, im);
  for (let k = 0; k < n; k++) {
    const hz = (Math.min(k, n - k) * rate) / n, kept = hz >= low && hz <= high;
    re[k] = kept ? re[k] / n : 0;
    // The conjugate, transformed forward, is the way back.
    im[k] = kept ? -im[k] / n : 0;
  }
  fft(re, im);
  return Float32Array.from({ length: wave.length }, (_, i) => re[i] * Math.min(1, i / FADE, (wave.length - 1 - i) / FADE));
}
