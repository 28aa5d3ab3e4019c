/**
 * The loss of a real network on a plane through its last layer's weights.
 * @module
 */

/**
 * Return the surface mean cross entropy of Z0 + a·Z1 + b·Z2, with its exact gradient. It is the
 * loss of a classifier with fixed features along two directions of its last layer.
 * @param {ArrayLike<number>[]} logits Z0, Z1, Z2, each of n × classes numbers, row by row
 * @param {ArrayLike<number>} targets n class indices
 * @param {{bounds: number[][], start: number[], minima?: number[][], name?: string}} options
 * @returns {import("./surfaces.js").Surface}
 */
export function softmaxPlane(logits, targets, { bounds, start, minima = [], name = "notes" }) {
  const [z0, z1, z2] = logits;
  const n = targets.length, classes = z0.length / n;
  const z = new Float64Array(classes);
  let at = [NaN, NaN], known = [NaN, NaN, NaN];
  /** @param {ArrayLike<number>} p @returns {number[]} loss and its two slopes */
  const both = (p) => {
    // A run asks for the loss and the gradient of the same point one after the other.
    if (p[0] === at[0] && p[1] === at[1]) return known;
    let loss = 0, da = 0, db = 0;
    for (let i = 0; i < n; i++) {
      const row = i * classes, t = row + targets[i];
      let top = -Infinity, sum = 0, sa = 0, sb = 0;
      for (let k = 0; k < classes; k++) {
        z[k] = z0[row + k] + p[0] * z1[row + k] + p[1] * z2[row + k];
        if (z[k] > top) top = z[k];
      }
      for (let k = 0; k < classes; k++) {
        const e = Math.exp(z[k] - top);
        sum += e; sa += e * z1[row + k]; sb += e * z2[row + k];
      }
      loss += Math.log(sum) + top - z[targets[i]];
      da += sa / sum - z1[t];
      db += sb / sum - z2[t];
    }
    at = [p[0], p[1]];
    known = [loss / n, da / n, db / n];
    return known;
  };
  return {
    name, dims: 2, bounds, start, minima, compress: true,
    value: (p) => both(p)[0], gradient: (p) => both(p).slice(1),
  };
}
