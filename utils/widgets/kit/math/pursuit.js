/**
 * Patches written with few atoms: what utils/zoo/pursuit.py computes.
 * @module
 */

/** @typedef {{atoms: Float64Array[], size: number}} Dictionary atoms of length 1 */
/** @typedef {{chosen: number, weight: number, axis: Float64Array}} Step weight along an axis of length 1 that no earlier step has */

/** Return atoms of length 1. @param {ArrayLike<number>} values one atom after the other @param {number} size numbers of an atom @returns {Dictionary} */
export function dictionary(values, size) {
  const atoms = Array.from({ length: values.length / size }, (_, k) => {
    const atom = Float64Array.from({ length: size }, (_, i) => values[k * size + i]);
    const length = Math.sqrt(dot(atom, atom));
    return length > 0 ? atom.map((v) => v / length) : atom;
  });
  return { atoms, size };
}

/** @param {Float64Array} a @param {Float64Array} b */
function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** a ← a + by · b @param {Float64Array} a @param {number} by @param {Float64Array} b */
function add(a, by, b) {
  for (let i = 0; i < a.length; i++) a[i] += by * b[i];
}

/**
 * Choose atoms for a point one by one; after each the weights of all are the best there are.
 * @param {Float64Array} point @param {Dictionary} dictionary @param {number} count
 * @returns {Step[]} chosen is −1 where no atom is left that would help
 */
export function pursue(point, { atoms }, count) {
  const rest = point.slice();
  /** @type {Step[]} */
  const steps = [];
  for (let step = 0; step < count; step++) {
    let chosen = 0, most = -1;
    for (let k = 0; k < atoms.length; k++) {
      const fit = Math.abs(dot(rest, atoms[k]));
      if (fit > most) [chosen, most] = [k, fit];
    }
    const axis = atoms[chosen].slice();
    // The second time takes away what rounding left.
    for (let twice = 0; twice < 2; twice++) for (const before of steps) add(axis, -dot(axis, before.axis), before.axis);
    const length = Math.sqrt(dot(axis, axis)), useful = length > 1e-4;
    for (let i = 0; i < axis.length; i++) axis[i] = useful ? axis[i] / length : 0;
    const weight = dot(rest, axis);
    add(rest, -weight, axis);
    steps.push({ chosen: useful ? chosen : -1, weight, axis });
  }
  return steps;
}

/**
 * The patches of a picture: pieces of so many columns, row by row, less a mean patch.
 * @param {ArrayLike<number>} picture @param {{rows: number, cols: number, width: number}} shape
 * @param {ArrayLike<number>} mean
 */
export function patchesOf(picture, { rows, cols, width }, mean) {
  return Array.from({ length: cols / width }, (_, p) => Float64Array.from({ length: rows * width }, (_, i) =>
    picture[Math.floor(i / width) * cols + p * width + (i % width)] - mean[i]));
}

/**
 * A picture made of the first `count` steps of every patch.
 * @param {Step[][]} steps @param {number} count
 * @param {{rows: number, cols: number, width: number}} shape @param {ArrayLike<number>} mean
 */
export function rebuild(steps, count, { rows, cols, width }, mean) {
  const out = new Float64Array(rows * cols);
  steps.forEach((all, p) => {
    const patch = Float64Array.from(mean);
    for (const { weight, axis } of all.slice(0, count)) add(patch, weight, axis);
    for (let i = 0; i < patch.length; i++) out[Math.floor(i / width) * cols + p * width + (i % width)] = patch[i];
  });
  return out;
}

/**
 * Root mean square error after 0, 1, … steps: the axes are orthogonal, so every step takes its
 * weight's square away.
 * @param {Float64Array[]} points @param {Step[][]} steps
 */
export function errors(points, steps) {
  const n = points.reduce((sum, point) => sum + point.length, 0), count = steps[0].length;
  let square = points.reduce((sum, point) => sum + dot(point, point), 0);
  const out = [Math.sqrt(square / n)];
  for (let k = 0; k < count; k++) {
    square -= steps.reduce((sum, all) => sum + all[k].weight ** 2, 0);
    out.push(Math.sqrt(Math.max(0, square) / n));
  }
  return out;
}
