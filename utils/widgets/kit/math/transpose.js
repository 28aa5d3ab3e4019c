/**
 * Notes transposed: the picture by moving its mel bands, the sound by playing it faster or slower
 * and stretching it back.
 * @module
 */

/** @typedef {{low: number, high: number}} Range in Hz */

const mel = (/** @type {number} */ hz) => (2595 / Math.LN10) * Math.log1p(hz / 700);

/**
 * Return a log-mel picture moved in pitch, as `mel_pitch_shift` of utils/notes/augment_mel.py:
 * each band takes the value from where its frequency came from; what comes in is silence, and
 * the loudest cell becomes 1 again.
 * @param {ArrayLike<number>} values in [0, 1], band after band from the lowest
 * @param {{bands: number, frames: number, semitones: number, range: Range}} options
 * @returns {Float64Array}
 */
export function transposePicture(values, { bands, frames, semitones, range }) {
  const ratio = 2 ** (semitones / 12), low = mel(range.low), step = (mel(range.high) - low) / (bands + 1);
  const out = new Float64Array(bands * frames);
  const at = (/** @type {number} */ k, /** @type {number} */ t) => (k >= 0 && k < bands ? values[k * frames + t] : 0);
  for (let k = 0; k < bands; k++) {
    const hz = 700 * (10 ** ((low + step * (k + 1)) / 2595) - 1);
    const place = (mel(hz / ratio) - low) / step - 1, before = Math.floor(place), share = place - before;
    for (let t = 0; t < frames; t++) out[k * frames + t] = (1 - share) * at(before, t) + share * at(before + 1, t);
  }
  const top = out.reduce((most, v) => Math.max(most, v), 0);
  return out.map((v) => (v > 0 ? Math.min(1, Math.max(0, v - top + 1)) : 0));
}

/**
 * Return a sound transposed, as long as before: overlapping grains of the note, each taken where
 * it fits the last one best, then read faster or slower.
 * @param {ArrayLike<number>} sound @param {number} semitones
 * @returns {Float32Array<ArrayBuffer>}
 */
export function transposeSound(sound, semitones) {
  if (semitones === 0) return Float32Array.from(sound);
  const ratio = 2 ** (semitones / 12);
  return resample(stretch(sound, Math.round(sound.length * ratio)), sound.length);
}

/** @param {ArrayLike<number>} sound @param {number} length */
function resample(sound, length) {
  const out = new Float32Array(length), ratio = sound.length / length;
  for (let i = 0; i < length; i++) {
    const at = i * ratio, k = Math.floor(at), share = at - k;
    out[i] = (1 - share) * sound[k] + share * (sound[k + 1] ?? 0);
  }
  return out;
}

const GRAIN = 1024, HOP = 512, SEARCH = 256;

/** Change the length, not the pitch. @param {ArrayLike<number>} sound @param {number} length */
function stretch(sound, length) {
  const out = new Float32Array(length + GRAIN), speed = sound.length / length;
  let next = 0;
  for (let at = 0; at < length; at += HOP) {
    const wanted = Math.round(at * speed);
    const from = at === 0 ? 0 : best(sound, next, wanted);
    for (let i = 0; i < GRAIN; i++) {
      const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / GRAIN);
      // The first half of the first grain has no neighbor to fade from.
      out[at + i] += (at === 0 && i < HOP ? 1 : window) * (sound[from + i] ?? 0);
    }
    next = from + HOP;
  }
  return out.subarray(0, length);
}

/** Where near `wanted` the sound is most like what would follow at `next`. @param {ArrayLike<number>} sound @param {number} next @param {number} wanted */
function best(sound, next, wanted) {
  let found = wanted, most = -Infinity;
  for (let from = Math.max(0, wanted - SEARCH); from <= wanted + SEARCH; from++) {
    let like = 0;
    for (let i = 0; i < HOP; i += 2) like += (sound[next + i] ?? 0) * (sound[from + i] ?? 0);
    if (like > most) {
      most = like;
      found = from;
    }
  }
  return found;
}
