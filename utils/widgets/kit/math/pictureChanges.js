/**
 * The changes of the audition on a picture, the same as in utils/widgets/augmentation/changes.py:
 * shortcuts on the log-mel. Pictures go band after band from the lowest, 64 frames each.
 * @module
 */
import { corners, filterBank } from "./frontEnd.js";
import { bandOf, biquad, neutralOf, response } from "./soundChanges.js";

const SIZE = 64, RANGE = 80, FRAMES_PER_SECOND = 16, NOISE_OFFSET = -16;
const SHELF = 2000, BELL = 1000, MIDDLE = 0.3, LOW_BANDS = 0.2;
const MEL = { scale: "mel", bands: SIZE, low: 20, high: 8000 };
/** @typedef {ArrayLike<number>} Picture */

/** Centers of the bands in Hz. */
export const CENTERS = Object.freeze(corners(MEL).slice(1, -1));

/** @type {Record<string, (picture: Picture, amount: number) => Float64Array>} */
const WAYS = {
  pitch_shift: (picture, semitones) => along(picture, (band) => bandOf(CENTERS[band] / 2 ** (semitones / 12)), null),
  time_stretch: (picture, rate) => along(picture, null, (frame) => frame * rate),
  shelf: (picture, decibels) => raised(picture, gains("high_shelf", SHELF, decibels)),
  bell: (picture, decibels) => raised(picture, gains("peak", BELL, decibels)),
  tilt: (picture, slope) => raised(picture, CENTERS.map((_, band) => slope * band)),
  noise: (picture, level) => withFloor(picture, Math.min(0, level + NOISE_OFFSET)),
  gain: (picture, decibels) => raised(picture, CENTERS.map(() => decibels)),
  time_shift: (picture, seconds) => along(picture, null, (frame) => frame - seconds * FRAMES_PER_SECOND),
  attack_gap: (picture, seconds) => masked(picture, { frames: seconds * FRAMES_PER_SECOND, position: 0 }),
  middle_gap: (picture, seconds) => masked(picture, { frames: seconds * FRAMES_PER_SECOND, position: MIDDLE }),
  bands: (picture, bands) => masked(picture, { bands, position: LOW_BANDS }),
};

/**
 * Return the picture changed.
 * @param {Picture} picture 64 × 64 values in [0, 1] @param {string} change @param {number} amount
 */
export function changePicture(picture, change, amount) {
  return amount === neutralOf(change) ? Float64Array.from(picture) : WAYS[change](picture, amount);
}

/**
 * Make the loudest of the heard cells 1 again; the others are 0.
 * @param {Float64Array} values @param {(cell: number) => boolean} [heard]
 */
function renormalized(values, heard = (cell) => values[cell] > 0) {
  let top = -Infinity;
  values.forEach((v, cell) => { if (heard(cell) && v > top) top = v; });
  return values.map((v, cell) => (heard(cell) ? Math.min(1, Math.max(0, v - top + 1)) : 0));
}

/**
 * Take each cell from another place between bands or between frames; outside is silence.
 * @param {Picture} picture
 * @param {((band: number) => number) | null} bandAt @param {((frame: number) => number) | null} frameAt
 */
function along(picture, bandAt, frameAt) {
  const out = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    const place = (bandAt ?? frameAt ?? Number)(i), before = Math.floor(place), share = place - before;
    for (let j = 0; j < SIZE; j++) {
      const at = (/** @type {number} */ k) => (k < 0 || k >= SIZE ? 0 : picture[bandAt ? k * SIZE + j : j * SIZE + k]);
      out[bandAt ? i * SIZE + j : j * SIZE + i] = (1 - share) * at(before) + share * at(before + 1);
    }
  }
  return renormalized(out);
}

/** A gain in dB for every band. @param {Picture} picture @param {readonly number[]} decibels */
function raised(picture, decibels) {
  const values = Float64Array.from(picture, (v, cell) => v + decibels[Math.floor(cell / SIZE)] / RANGE);
  return renormalized(values, (cell) => picture[cell] > 0);
}

/** @param {"peak" | "high_shelf"} kind @param {number} hz @param {number} decibels */
function gains(kind, hz, decibels) {
  const coefficients = biquad(kind, hz, decibels);
  return CENTERS.map((center) => {
    const [re, im] = response(coefficients, center);
    return 20 * Math.log10(Math.hypot(re, im));
  });
}

/** The mean of steady noise behind the note: powers add. @param {Picture} picture @param {number} level */
function withFloor(picture, level) {
  const areas = filterBank({ ...MEL, size: 2048, rate: 16000 }).map(({ weights }) => weights.reduce((a, b) => a + b, 0));
  const widest = Math.max(...areas);
  const values = Float64Array.from(picture, (v, cell) => {
    const power = v > 0 ? 10 ** ((RANGE * (v - 1)) / 10) : 0;
    return (10 * Math.log10(power + (areas[Math.floor(cell / SIZE)] / widest) * 10 ** (level / 10))) / RANGE + 1;
  });
  const silent = Array.from(picture).every((v) => v <= 0);
  return renormalized(values, () => !silent);
}

/** @param {Picture} picture @param {{frames?: number, bands?: number, position: number}} mask */
function masked(picture, { frames = 0, bands = 0, position }) {
  const width = frames || bands, start = position * (SIZE - width);
  return Float64Array.from(picture, (v, cell) => {
    const middle = (bands ? Math.floor(cell / SIZE) : cell % SIZE) + 0.5;
    return middle >= start && middle < start + width ? 0 : v;
  });
}
