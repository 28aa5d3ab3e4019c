/** A landscape on a grid, and how its heights become colors. */
import { extent } from "../kit/heatmap.js";
import { sampleGrid } from "../kit/math/surfaces.js";

/** @typedef {import("../kit/math/surfaces.js").Surface} Surface */
/** @typedef {ReturnType<typeof heights>} Heights */

const FINE = 81;
const COARSE = 33;

/** @type {WeakMap<Surface, any>} */
const known = new WeakMap();

/**
 * Return grids, levels and shades of a surface of two dimensions.
 * @param {Surface} surface
 */
export function heights(surface) {
  const found = known.get(surface);
  if (found) return /** @type {ReturnType<typeof measure>} */ (found);
  const made = measure(surface);
  known.set(surface, made);
  return made;
}

/** @param {Surface} surface */
function measure(surface) {
  const grid = sampleGrid(surface, FINE);
  const [low, high] = extent(grid.values);
  // Walls can be a million times as high as the valley: the logarithm begins where the lowest
  // twentieth of the picture ends.
  const unit = Array.from(grid.values).sort((a, b) => a - b)[Math.floor(grid.values.length / 20)] - low;
  const shade = surface.compress
    ? (/** @type {number} */ v) => Math.log1p(Math.max(0, v - low) / unit)
    : (/** @type {number} */ v) => v;
  const [bottom, top] = [shade(low), shade(high)];
  const part = (/** @type {number} */ v) => (shade(v) - bottom) / (top - bottom);
  const levels = [];
  for (let k = 1; k < 14; k++) {
    const at = bottom + (top - bottom) * k / 14;
    levels.push(surface.compress ? low + unit * Math.expm1(at) : at);
  }
  const mesh = sampleGrid(surface, COARSE);
  mesh.values = mesh.values.map(part);
  return { grid, low, high, shade, part, levels, mesh };
}
