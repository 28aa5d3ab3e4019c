/**
 * Three distances between sounds, as in utils/reference/audio_losses.py with its defaults.
 * @module
 */
import { eachFrame, stftMagnitude } from "./stft.js";

export const FFT_SIZES = Object.freeze([2048, 1024, 512, 256, 128, 64]);
const FLOOR = 1e-5;

/** @typedef {{waveform: number, stft: number, weighted: number}} Distances */

/**
 * Mean absolute difference of the samples.
 * @param {Float64Array} estimate @param {Float64Array} target
 */
export function waveformL1(estimate, target) {
  let sum = 0;
  for (let t = 0; t < target.length; t++) sum += Math.abs(estimate[t] - target[t]);
  return sum / target.length;
}

/**
 * Gain in dB, 0 at 1 kHz.
 * @param {number} hz
 */
export function aWeighting(hz) {
  return 20 * Math.log10(response(hz) / response(1000));
}

/** @param {number} hz */
function response(hz) {
  const f2 = hz * hz;
  const middle = Math.sqrt((f2 + 107.7 ** 2) * (f2 + 737.9 ** 2));
  return (12194 ** 2 * f2 * f2) / ((f2 + 20.6 ** 2) * middle * (f2 + 12194 ** 2));
}

/**
 * Return a function that measures how far sounds lie from a target, whose spectrograms are
 * computed once.
 * @param {Float64Array} target @param {number} rate in Hz
 * @returns {(estimate: Float64Array) => Distances}
 */
export function createMeter(target, rate) {
  const stored = FFT_SIZES.map((size) => {
    const magnitudes = stftMagnitude(target, size);
    return { size, magnitudes, inverses: magnitudes.map((m) => 1 / Math.max(m, FLOOR)) };
  });
  const weights = powerWeights(FFT_SIZES[0], rate);
  let energy = 0;
  stored[0].magnitudes.forEach((m, i) => { energy += weights[i % weights.length] * m * m; });
  if (!(energy > 0)) throw new Error("expected a target that can be heard, got silence");

  return (estimate) => {
    let stft = 0, off = 0;
    for (const one of stored) {
      const here = compareScale(estimate, one, one.size === FFT_SIZES[0] ? weights : null);
      stft += here.linear + here.logs;
      off += here.weighted;
    }
    return { waveform: waveformL1(estimate, target), stft, weighted: Math.sqrt(off / energy) };
  };
}

/** Squared gains of the bins. @param {number} size @param {number} rate */
function powerWeights(size, rate) {
  return Float64Array.from({ length: size / 2 + 1 }, (_, k) => (response((k * rate) / size) / response(1000)) ** 2);
}

/**
 * @param {Float64Array} estimate
 * @param {{size: number, magnitudes: Float64Array, inverses: Float64Array}} stored
 * @param {Float64Array | null} weights
 */
function compareScale(estimate, { size, magnitudes, inverses }, weights) {
  const bins = size / 2 + 1, count = magnitudes.length;
  const sums = { linear: 0, logs: 0, weighted: 0 };
  eachFrame(estimate, size, (frame, got) => {
    const start = frame * bins;
    // Numbers of this function's own: those of the outer one would be boxed at every change.
    let linear = 0, logs = 0, weighted = 0, louder = 1, softer = 1;
    for (let k = 0; k < bins; k++) {
      const difference = got[k] - magnitudes[start + k];
      linear += Math.abs(difference);
      if (weights) weighted += weights[k] * difference * difference;
      // One logarithm for many factors: it takes longer than all the rest.
      const ratio = (got[k] > FLOOR ? got[k] : FLOOR) * inverses[start + k];
      if (ratio > 1) louder *= ratio;
      else softer *= ratio;
      if (louder > 1e250 || softer < 1e-250) {
        logs += Math.log(louder) - Math.log(softer);
        louder = softer = 1;
      }
    }
    sums.linear += linear / count;
    sums.logs += (logs + Math.log(louder) - Math.log(softer)) / count;
    sums.weighted += weighted;
  });
  return sums;
}
