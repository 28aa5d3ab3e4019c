/**
 * A string that is tuned by gradient descent on L(θ) = ½ θ², θ in cents: the path, and its sound.
 * @module
 */

/**
 * Return θ after 0, 1, … steps; the slope of the loss is θ itself.
 * @param {number} start @param {number} lr @param {number} steps
 */
export function tuningPath(start, lr, steps) {
  const path = [start];
  for (let k = 0; k < steps; k++) path.push(path[k] - lr * path[k]);
  return path;
}

/**
 * Return a sound for each θ, one after the other: the note in tune and, beside it, detuned. What is
 * further off than four semitones sounds like four.
 * @param {Float32Array} note @param {number} rate samples a second @param {number[]} path in cents
 * @param {number} seconds of each
 */
export function tuningSound(note, rate, path, seconds) {
  const n = Math.min(Math.round(seconds * rate), Math.floor(note.length / 2 ** (400 / 1200)) - 2);
  const fade = Math.round(0.02 * rate);
  const all = new Float32Array(n * path.length);
  path.forEach((cents, k) => {
    const speed = 2 ** (Math.min(400, Math.max(-400, cents)) / 1200);
    for (let i = 0; i < n; i++) {
      const at = i * speed, whole = Math.floor(at), part = at - whole;
      const detuned = note[whole] * (1 - part) + note[whole + 1] * part;
      const gain = Math.min(1, i / fade, (n - 1 - i) / fade);
      all[k * n + i] = 0.5 * gain * (note[i] + detuned);
    }
  });
  return { samples: all, each: n / rate };
}
