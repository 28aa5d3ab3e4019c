/** Which minimum each start reaches, computed a few milliseconds a frame. */
import { optimizer, outside } from "../kit/math/optimizers.js";
import { polish, settle } from "../kit/math/surfaces.js";
import { color, rgb } from "../kit/colormap.js";

/** @typedef {import("../kit/math/surfaces.js").Surface} Surface */

const SIZE = 64;
const STEPS = 150;
const BUDGET_MS = 4;
/** Of the cells that leave the landscape. */
export const LOST = 255;
const FOUR = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7"];

/**
 * Return where a start ends: steps of this rate, and what is missing then by tiny ones.
 * @param {Surface} surface @param {number[]} from @param {{lr: number, momentum: number}} options
 * @returns {number[] | null} null when it leaves the landscape
 */
export function end(surface, from, options) {
  const step = optimizer("sgd", options);
  let p = from;
  for (let k = 0; k < STEPS; k++) {
    const g = surface.gradient(p);
    if (g[0] * g[0] + g[1] * g[1] < 1e-12) break;
    p = step(p, g);
    if (outside(surface, p)) return null;
  }
  return settle(surface, p, 60);
}

/**
 * Return the number of the minimum at a point; one that was not known yet is added.
 * @param {Surface} surface @param {number[][]} minima @param {number[]} p
 */
export function which(surface, minima, p) {
  const near = 0.02 * (surface.bounds[0][1] - surface.bounds[0][0]);
  const at = (/** @type {number[]} */ q) => minima.findIndex((m) => Math.hypot(m[0] - q[0], m[1] - q[1]) < near);
  const found = at(p);
  if (found >= 0) return found;
  const better = polish(surface, p);
  const again = at(better);
  if (again >= 0 || minima.length >= LOST) return Math.max(0, again);
  return minima.push(better) - 1;
}

/**
 * Return a worker for one set of options; call `work` once a frame until `done`.
 * @param {Surface} surface @param {{lr: number, momentum: number}} options
 */
export function createBasins(surface, options) {
  const [[x0, x1], [y0, y1]] = surface.bounds;
  const minima = surface.minima.map((p) => p.slice());
  const cells = new Uint8Array(SIZE * SIZE);
  let next = 0;
  return {
    minima, cells, size: SIZE,
    get done() { return next === cells.length; },
    /** Go on for some milliseconds. */
    work() {
      const until = performance.now() + BUDGET_MS;
      while (next < cells.length && performance.now() < until) {
        const i = next % SIZE, j = Math.floor(next / SIZE);
        const from = [x0 + (x1 - x0) * (i + 0.5) / SIZE, y0 + (y1 - y0) * (j + 0.5) / SIZE];
        const p = end(surface, from, options);
        cells[next++] = p ? which(surface, minima, p) : LOST;
      }
    },
  };
}

/**
 * Return the basins as colors, the highest row first: one color a minimum, up to four; more are
 * colored by how low they are. Starts that are lost are dark and striped.
 * @param {Surface} surface @param {ReturnType<typeof createBasins>} basins
 */
export function basinColors(surface, { minima, cells, size }) {
  const lows = minima.map((p) => surface.value(p));
  const [least, most] = [Math.min(...lows), Math.max(...lows)];
  const table = minima.map((_, k) => (minima.length <= FOUR.length
    ? rgb(FOUR[k])
    : (color(1 - (lows[k] - least) / (most - least || 1)).match(/\d+/g) ?? []).map(Number)));
  const bytes = new Uint8ClampedArray(4 * cells.length);
  cells.forEach((k, n) => {
    const i = n % size, j = Math.floor(n / size);
    const stripe = (i + j) % 4 < 2 ? [45, 45, 45] : [110, 110, 110];
    bytes.set([...(k === LOST ? stripe : table[k]), 255], 4 * ((size - 1 - j) * size + i));
  });
  return bytes;
}
