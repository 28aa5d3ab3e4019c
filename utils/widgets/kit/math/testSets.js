/**
 * Test sets drawn from many instruments, and two error bars; utils/figures/test_sets.py has the
 * same numbers, and the bootstrap is that of utils/training/metrics.py.
 * @module
 */

const Z = 1.959964;

/** @typedef {{size: number, right: number}[]} World of each instrument its notes, and those named rightly */
/** @typedef {{instruments: number, notes: number}} Plan how many, and how many notes of each */

/** The accuracy with which every instrument counts the same. @param {World} world */
export function truth(world) {
  return world.reduce((sum, { size, right }) => sum + right / size, 0) / world.length;
}

/**
 * Return the standard deviation of the accuracy over all test sets: exact.
 * @param {World} world @param {Plan} plan
 */
export function spread(world, { instruments, notes }) {
  const mean = truth(world);
  let sum = 0;
  for (const { size, right } of world) {
    const a = right / size;
    sum += (a - mean) ** 2 + ((a * (1 - a)) / notes) * ((size - notes) / (size - 1));
  }
  return Math.sqrt(sum / world.length / instruments);
}

/** What someone expects who takes notes for independent. @param {number} p @param {number} n */
export const naiveSpread = (p, n) => Math.sqrt((p * (1 - p)) / n);

/**
 * Return the right answers for each instrument of a new test set.
 * @param {World} world @param {() => number} next @param {Plan} plan
 */
export function drawTest(world, next, { instruments, notes }) {
  const found = new Int32Array(instruments);
  for (let i = 0; i < instruments; i++) {
    const { size, right } = world[Math.floor(next() * world.length)];
    for (let left = size; left > size - notes; left--) if (next() * left < right - found[i]) found[i] += 1;
  }
  return found;
}

/** @param {Int32Array} right */
const total = (right) => right.reduce((a, b) => a + b, 0);

/** @param {Int32Array} right @param {number} notes of each instrument */
export const accuracyOf = (right, notes) => total(right) / (right.length * notes);

/** The 95 % interval by single notes. @param {Int32Array} right @param {number} notes */
export function naiveInterval(right, notes) {
  const p = accuracyOf(right, notes), half = Z * naiveSpread(p, right.length * notes);
  return [p - half, p + half];
}

/**
 * Return the 95 % interval of the cluster bootstrap: whole instruments are drawn anew.
 * @param {Int32Array} right @param {() => number} next @param {{notes: number, resamples: number}} options
 */
export function bootstrapInterval(right, next, { notes, resamples }) {
  const count = right.length, values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += right[Math.floor(next() * count)];
    values[r] = sum / (count * notes);
  }
  values.sort();
  return [quantile(values, 0.025), quantile(values, 0.975)];
}

/** @param {Float64Array} sorted @param {number} q */
function quantile(sorted, q) {
  const at = q * (sorted.length - 1), k = Math.min(sorted.length - 2, Math.floor(at));
  return sorted[k] + (at - k) * (sorted[k + 1] - sorted[k]);
}
