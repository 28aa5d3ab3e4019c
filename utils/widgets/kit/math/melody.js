/**
 * A singer who slides and swings, measured by a pitch tracker that errs; utils/figures/melody.py
 * has the same numbers.
 * @module
 */
import { normal, uniform } from "./random.js";

/** The true pitch in semitones, at u from −1 to 1. @param {number} u */
export const sung = (u) => 2 * Math.sin(3.6 * u) * (0.75 + 0.25 * u) + u;

/**
 * Return n measured points: u from −1 to 1, evenly spread but for a little chance, and the pitch.
 * @param {number} n @param {number} noise standard deviation in semitones @param {number} seed
 */
export function measured(n, noise, seed) {
  const place = uniform(seed), error = normal(seed + 1000);
  const u = Float64Array.from({ length: n }, (_, i) => -1 + (2 * (i + 0.1 + 0.8 * place())) / n);
  return { u, y: u.map((v) => sung(v) + noise * error()) };
}

/**
 * Return a tone that follows a pitch curve, with two soft overtones.
 * @param {ArrayLike<number>} semitones above `base`, evenly spaced over the whole sound
 * @param {{rate: number, seconds: number, base: number}} options
 */
export function sing(semitones, { rate, seconds, base }) {
  const count = Math.round(rate * seconds), last = semitones.length - 1;
  const sound = new Float32Array(count);
  let phase = 0;
  for (let i = 0; i < count; i++) {
    const at = (i / (count - 1)) * last, k = Math.min(last - 1, Math.floor(at));
    const pitch = semitones[k] + (at - k) * (semitones[k + 1] - semitones[k]);
    // Three octaves up and down: beyond them a wild polynomial would be silence or a click.
    phase += (2 * Math.PI * base * 2 ** (Math.min(36, Math.max(-36, pitch)) / 12)) / rate;
    const fade = Math.min(1, i / 800, (count - 1 - i) / 800);
    sound[i] = fade * (0.5 * Math.sin(phase) + 0.15 * Math.sin(2 * phase) + 0.07 * Math.sin(3 * phase));
  }
  return sound;
}
