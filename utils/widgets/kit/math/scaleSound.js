/**
 * A scale on one recorded note, each tone at its own time, with metronome clicks in between.
 * @module
 */

/** Semitones above the recorded note: a major scale and two more. */
const SCALE = [0, 2, 4, 5, 7, 9, 11, 12, 14, 16];
const LONGEST = 9;

/**
 * Return the mix; what would come before 0 s or after nine seconds is left out.
 * @param {Float32Array} note @param {number} rate samples a second
 * @param {number[]} tones seconds of the tones, in the order of the scale
 * @param {number[]} clicks seconds of the clicks; the first is higher
 */
export function scaleSound(note, rate, tones, clicks) {
  const inside = (/** @type {number} */ t) => t >= 0 && t <= LONGEST;
  const last = Math.max(0, ...tones.filter(inside), ...clicks.filter(inside));
  const all = new Float32Array(Math.round((last + 0.5) * rate));
  tones.forEach((t, k) => { if (inside(t)) addTone(all, note, rate, t, 2 ** (SCALE[k % SCALE.length] / 12)); });
  clicks.forEach((t, k) => { if (inside(t)) addClick(all, rate, t, k ? 1600 : 2400); });
  return all;
}

/** @param {Float32Array} all @param {Float32Array} note @param {number} rate @param {number} t @param {number} speed */
function addTone(all, note, rate, t, speed) {
  const from = Math.round(t * rate), fade = 0.05 * rate;
  const n = Math.min(Math.floor(0.45 * rate), Math.floor((note.length - 2) / speed), all.length - from);
  for (let i = 0; i < n; i++) {
    const at = i * speed, whole = Math.floor(at), part = at - whole;
    const gain = 0.6 * Math.min(1, (n - i) / fade);
    all[from + i] += gain * (note[whole] * (1 - part) + note[whole + 1] * part);
  }
}

/** @param {Float32Array} all @param {number} rate @param {number} t @param {number} hertz */
function addClick(all, rate, t, hertz) {
  const from = Math.round(t * rate), n = Math.min(Math.round(0.04 * rate), all.length - from);
  for (let i = 0; i < n; i++) {
    all[from + i] += 0.3 * Math.exp(-i / (0.008 * rate)) * Math.sin((2 * Math.PI * hertz * i) / rate);
  }
}
