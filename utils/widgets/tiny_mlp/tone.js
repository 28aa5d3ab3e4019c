/** A tone under an envelope. */
const RATE = 16000, SECONDS = 1.6, PITCH = 220;
/** Amplitudes of the partials: nearly a clarinet. */
const PARTIALS = [1, 0.1, 0.45, 0.08, 0.25, 0.05, 0.12];

/**
 * @param {(times: Float64Array) => ArrayLike<number>} levels of times from 0 to 1
 */
export function tone(levels) {
  const count = Math.round(RATE * SECONDS);
  const level = levels(Float64Array.from({ length: count }, (_, i) => i / count));
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const phase = (2 * Math.PI * PITCH * i) / RATE;
    let sum = 0;
    PARTIALS.forEach((amplitude, k) => { sum += amplitude * Math.sin((k + 1) * phase); });
    // Faders end at 0 and at 1, whatever the net says.
    samples[i] = 0.3 * Math.min(1, Math.max(0, level[i])) * sum;
  }
  return { samples, rate: RATE };
}

/** The part of the whole that has passed. @param {number} seconds */
export const passed = (seconds) => Math.min(1, seconds / SECONDS);
