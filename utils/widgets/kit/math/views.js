/**
 * Views of a note, and answers that are averaged over them.
 * @module
 */

/**
 * Return the place of the largest value; of equal ones, the first.
 * @param {ArrayLike<number>} values
 */
export function argmax(values) {
  return Array.from(values).reduce((top, v, k, all) => (v > all[top] ? k : top), 0);
}

/**
 * Return a sound that begins later, of the same length.
 * @param {Float32Array} sound @param {number} by samples, at most its length
 * @returns {Float32Array<ArrayBuffer>}
 */
export function delaySound(sound, by) {
  const out = new Float32Array(sound.length);
  out.set(sound.subarray(0, sound.length - by), by);
  return out;
}

/**
 * Return a picture that begins later, of the same size.
 * @param {ArrayLike<number>} values row by row @param {number} cols @param {number} by columns
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function delayPicture(values, cols, by) {
  return Uint8Array.from({ length: values.length }, (_, i) => (i % cols < by ? 0 : values[i - by]));
}

/**
 * Return the mean of some rows of numbers, as test-time averaging takes it of probabilities.
 * @param {ArrayLike<number>[]} rows
 * @returns {number[]}
 */
export function meanRow(rows) {
  return Array.from(rows[0], (_, k) => rows.reduce((sum, one) => sum + one[k], 0) / rows.length);
}
