/** A line of pitch, to hear: from A3 two octaves up. */
const RATE = 16000, SECONDS = 2, LOWEST = 220, OCTAVES = 2;

/** @param {ArrayLike<number>} line pitches, 0 to 1, at equal distances */
export function glide(line) {
  const count = RATE * SECONDS, last = line.length - 1;
  const samples = new Float32Array(count);
  let phase = 0;
  for (let i = 0; i < count; i++) {
    const at = (i / count) * last, k = Math.min(last - 1, Math.floor(at));
    const pitch = line[k] + (at - k) * (line[k + 1] - line[k]);
    // A net at the start of its training can be anywhere.
    phase += (2 * Math.PI * LOWEST * 2 ** (OCTAVES * Math.min(1.5, Math.max(-1, pitch)))) / RATE;
    const fade = Math.min(1, i / 400, (count - i) / 400);
    samples[i] = 0.22 * fade * (Math.sin(phase) + 0.3 * Math.sin(2 * phase));
  }
  return { samples, rate: RATE };
}

/** The part of the whole that has passed. @param {number} seconds */
export const passed = (seconds) => Math.min(1, seconds / SECONDS);
