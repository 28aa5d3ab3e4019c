/**
 * Curves to be drawn by a net: envelopes of a note, and lines of pitch.
 * @module
 */

/** @typedef {(t: number) => number} Curve of a number from 0 to 1 */

/** Corners of the attack, decay, sustain and release. */
export const ADSR = [[0, 0], [0.15, 1], [0.35, 0.6], [0.75, 0.6], [1, 0]];

/** @param {number} t */
function adsr(t) {
  let k = 1;
  while (k < ADSR.length - 1 && t > ADSR[k][0]) k++;
  const [x0, y0] = ADSR[k - 1], [x1, y1] = ADSR[k];
  return y0 + ((t - x0) / (x1 - x0)) * (y1 - y0);
}

/** Up and down in straight lines between 0 and 1. @param {number} phase */
function zigzag(phase) {
  return 1 - Math.abs(1 - (((phase % 2) + 2) % 2));
}

/** @type {Readonly<Record<string, Curve>>} */
export const ENVELOPES = Object.freeze({
  adsr,
  swell: (t) => 0.5 - 0.5 * Math.cos(2 * Math.PI * t),
  pluck: (t) => Math.exp(-4 * t),
  ramp: (t) => t,
});

/** Two octaves up in steps. @param {number} t */
const scale = (t) => Math.min(7, Math.floor(8 * t)) / 7;

/** @type {Readonly<Record<string, Curve>>} */
export const PITCH_LINES = Object.freeze({
  vibrato: (t) => 0.5 + 0.4 * Math.sin(2 * Math.PI * 3 * t),
  siren: (t) => zigzag(8 * t),
  scale,
  glissando: (t) => 1 / (1 + Math.exp(-12 * (t - 0.5))),
});
