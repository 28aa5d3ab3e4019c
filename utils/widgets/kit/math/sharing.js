/**
 * Who is connected with whom, and who has the same weight.
 * @module
 */

/**
 * Return weights and biases of a layer whose maps are as large as its input: fully connected,
 * locally connected, shared.
 * @param {number} side @param {number} kernel @param {number} maps
 */
export function threeCounts(side, kernel, maps) {
  const cells = side * side, one = kernel * kernel + 1;
  return [(cells + 1) * cells * maps, one * cells * maps, one * maps];
}

/** @typedef {{from: number, to: number, weight: number}} Link from a cell to a unit; weight: which of the layer's */

/**
 * Return the connections along one axis of n cells and n units.
 * @param {"full" | "local" | "shared"} kind @param {number} n @param {number} kernel
 * @returns {Link[]}
 */
export function links(kind, n, kernel) {
  const all = [], left = Math.floor((kernel - 1) / 2);
  let count = 0;
  for (let to = 0; to < n; to++) {
    for (let k = 0; k < (kind === "full" ? n : kernel); k++) {
      const from = kind === "full" ? k : to + k - left;
      if (from >= 0 && from < n) all.push({ from, to, weight: kind === "shared" ? k : count });
      count++;
    }
  }
  return all;
}
