/**
 * Lines of equal height, by marching squares.
 * @module
 */

/** @typedef {import("./heatmap.js").Grid} Grid */

/**
 * Return the line pieces of one level: x0, y0, x1, y1 of each, in the units of the grid.
 * @param {Grid} grid @param {number} level
 */
export function contourPieces({ values, rows, cols, x, y }, level) {
  /** @type {number[]} */
  const pieces = [];
  const dx = (x[1] - x[0]) / (cols - 1), dy = (y[1] - y[0]) / (rows - 1);
  for (let j = 0; j < rows - 1; j++) {
    for (let i = 0; i < cols - 1; i++) {
      const at = j * cols + i;
      const v = [values[at], values[at + 1], values[at + cols + 1], values[at + cols]];
      const found = crossings(v, level);
      for (let k = 0; k + 3 < found.length; k += 4) {
        pieces.push(x[0] + dx * (i + found[k]), y[0] + dy * (j + found[k + 1]),
          x[0] + dx * (i + found[k + 2]), y[0] + dy * (j + found[k + 3]));
      }
    }
  }
  return pieces;
}

const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];

/** Return where a level crosses the rim of the unit square, in pairs. @param {number[]} v @param {number} level */
function crossings(v, level) {
  const found = [];
  for (let k = 0; k < 4; k++) {
    const next = (k + 1) % 4;
    if ((v[k] > level) === (v[next] > level)) continue;
    const t = (level - v[k]) / (v[next] - v[k]);
    const [a, b] = [CORNERS[k], CORNERS[next]];
    found.push(a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]));
  }
  // Two pieces are ambiguous; the middle of the square decides which corners belong together.
  if (found.length === 8 && ((v[0] + v[1] + v[2] + v[3]) / 4 > level) === (v[0] > level)) return found;
  return found.length === 8 ? [...found.slice(6), ...found.slice(0, 6)] : found;
}

/** Paths are kept by grid, in its own units. @type {WeakMap<object, Map<string, number[][]>>} */
const kept = new WeakMap();

/**
 * Draw lines at the given heights.
 * @param {import("./plot.js").Plot} plot @param {Grid} grid
 * @param {{levels: number[], layer?: string, color?: string, width?: number, alpha?: number}} style
 */
export function contours(plot, grid, { levels, layer = "heat", color, width = 1, alpha = 0.6 }) {
  const all = kept.get(grid) ?? new Map();
  kept.set(grid, all);
  const key = levels.join();
  if (!all.has(key)) all.set(key, levels.map((level) => contourPieces(grid, level)));
  plot.clipped(layer, (c) => {
    c.strokeStyle = color ?? plot.theme.text;
    c.globalAlpha = alpha;
    c.lineWidth = width;
    c.beginPath();
    for (const pieces of all.get(key)) {
      for (let k = 0; k < pieces.length; k += 4) {
        c.moveTo(plot.x(pieces[k]), plot.y(pieces[k + 1]));
        c.lineTo(plot.x(pieces[k + 2]), plot.y(pieces[k + 3]));
      }
    }
    c.stroke();
  });
}
