/** A painted input read as a piano roll: rows are notes of C major, columns are steps in time. */

const MAJOR = [0, 2, 4, 5, 7, 9, 11];

/** Seconds a column. */
export const STEP = 0.22;

/**
 * Return the sound of a matrix; cells above zero sound, the lowest row is C4.
 * @param {{values: ArrayLike<number>, rows: number, cols: number}} roll first channel @param {number} rate
 */
export function rollSound({ values, rows, cols }, rate) {
  const length = Math.round(STEP * rate), samples = new Float32Array(cols * length + length);
  for (let row = 0; row < rows; row++) {
    const degree = rows - 1 - row;
    const hz = 261.63 * 2 ** ((12 * Math.floor(degree / 7) + MAJOR[degree % 7]) / 12);
    for (let col = 0; col < cols; col++) {
      const level = Math.min(1, values[row * cols + col]);
      if (level <= 0) continue;
      for (let n = 0; n < 2 * length; n++) {
        const t = n / rate, fade = Math.min(1, n / 80) * Math.exp(-7 * t);
        samples[col * length + n] += (0.2 * level * fade * (Math.sin(2 * Math.PI * hz * t) + 0.3 * Math.sin(4 * Math.PI * hz * t))) || 0;
      }
    }
  }
  return samples;
}
