/**
 * A sound for a log-mel picture: what utils/training/mel_inversion.py computes.
 * @module
 */
import { istft, loud, melBank, stft } from "./noteSound.js";

/** @typedef {import("./noteSound.js").FrontEnd} FrontEnd */

const TINY = 1e-38;

/**
 * Return magnitudes of spectra, frame after frame, whose power in the bands is that of a picture.
 * @param {ArrayLike<number>} picture bands × frames, from 0 (silence) to 1
 * @param {FrontEnd} end
 * @param {number} [iterations]
 */
export function magnitudeOf(picture, end, iterations = 50) {
  const { size, bands, frames, range } = end, bins = size / 2 + 1, bank = melBank(end);
  const out = new Float64Array((frames + 1) * bins);
  const heard = spread(bank, new Float64Array(bands).fill(1), bins).map((v) => Math.max(v, TINY));
  for (let f = 0; f <= frames; f++) {
    const column = Math.min(f, frames - 1);
    const power = Float64Array.from({ length: bands }, (_, b) => {
      const v = Math.min(1, Math.max(0, picture[b * frames + column]));
      return v > 0 ? 10 ** (((v - 1) * range) / 10) : 0;
    });
    let p = spread(bank, power, bins);
    for (let i = 0; i < iterations; i++) {
      const ratio = power.map((v, b) => v / Math.max(collect(bank[b], p), TINY));
      const factor = spread(bank, ratio, bins);
      p = p.map((v, k) => v * factor[k] / heard[k]);
    }
    for (let k = 0; k < bins; k++) out[f * bins + k] = Math.sqrt(p[k]);
  }
  return out;
}

/** @param {import("./noteSound.js").Band[]} bank @param {Float64Array} levels @param {number} bins */
function spread(bank, levels, bins) {
  const out = new Float64Array(bins);
  bank.forEach(({ first, weights }, b) => {
    if (levels[b]) for (let i = 0; i < weights.length; i++) out[first + i] += weights[i] * levels[b];
  });
  return out;
}

/** @param {import("./noteSound.js").Band} band @param {Float64Array} p */
function collect({ first, weights }, p) {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i] * p[first + i];
  return sum;
}

/**
 * Find phases by the fast Griffin–Lim method; yields after each step, returns the sound.
 * @param {Float64Array} magnitude frame after frame @param {FrontEnd} end
 * @param {{iterations?: number, momentum?: number}} [options]
 * @returns {Generator<number, Float64Array>}
 */
export function* griffinLim(magnitude, end, { iterations = 32, momentum = 0.99 } = {}) {
  const n = magnitude.length, by = momentum / (1 + momentum);
  const re = magnitude.slice(), im = new Float64Array(n);
  /** @type {import("./noteSound.js").Spectrum} */
  let before = { re: new Float64Array(n), im: new Float64Array(n) };
  for (let step = 0; step < iterations; step++) {
    const now = stft(istft({ re, im }, end), end);
    for (let i = 0; i < n; i++) {
      const x = now.re[i] - by * before.re[i], y = now.im[i] - by * before.im[i];
      const size = Math.max(Math.sqrt(x * x + y * y), 1e-16);
      re[i] = (magnitude[i] * x) / size;
      im[i] = (magnitude[i] * y) / size;
    }
    before = now;
    yield step + 1;
  }
  return istft({ re, im }, end);
}

/**
 * Return the sound of a picture with a peak of 1, computed in pieces so that the page stays alive.
 * @param {ArrayLike<number>} picture @param {FrontEnd} end @param {AbortSignal} [signal]
 */
export async function soundOf(picture, end, signal) {
  const steps = griffinLim(magnitudeOf(picture, end), end);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return loud(/** @type {Float64Array} */ (value));
    await new Promise((go) => setTimeout(go));
    if (signal?.aborted) return new Float32Array(1);
  }
}
