/**
 * Numbers on a grid as colors.
 * @module
 */

import { colorTable } from "./colormap.js";

/**
 * @typedef {object} Grid
 * @property {ArrayLike<number>} values row by row, from the low end of y
 * @property {number} rows
 * @property {number} cols
 * @property {number[]} x low and high end; of the outer points, or of the outer rims if `cells`
 * @property {number[]} y
 */
/** @typedef {{layer?: string, map?: import("./colormap.js").MapName, range?: number[], shade?: (v: number) => number, cells?: boolean, alpha?: number}} HeatStyle */

/** Pictures by grid: a grid that is not new need not be colored again. @type {WeakMap<object, {key: string, canvas: HTMLCanvasElement}>} */
const pictures = new WeakMap();

/**
 * Draw a grid; `range` are the values of the two ends of the map, `shade` bends values before.
 * @param {import("./plot.js").Plot} plot @param {Grid} grid @param {HeatStyle} [style]
 */
export function heatmap(plot, grid, style = {}) {
  const { layer = "heat", map = "viridis", range, shade, cells = false, alpha = 1 } = style;
  const key = `${map} ${range} ${shade}`;
  let picture = pictures.get(grid);
  if (picture?.key !== key) {
    picture = { key, canvas: paint(grid, heatColors(grid, { map, range, shade })) };
    pictures.set(grid, picture);
  }
  const canvas = picture.canvas;
  plot.clipped(layer, (c) => {
    // Points at the rim of the data are the centers of half-visible cells.
    const px = cells ? 0 : (plot.x(grid.x[1]) - plot.x(grid.x[0])) / (grid.cols - 1) / 2;
    const py = cells ? 0 : (plot.y(grid.y[0]) - plot.y(grid.y[1])) / (grid.rows - 1) / 2;
    const left = plot.x(grid.x[0]) - px, top = plot.y(grid.y[1]) - py;
    c.globalAlpha = alpha;
    c.imageSmoothingEnabled = !cells;
    c.drawImage(canvas, left, top, plot.x(grid.x[1]) + px - left, plot.y(grid.y[0]) + py - top);
  });
}

/**
 * Return the colors of a grid, four bytes each, the row of the highest y first.
 * @param {Grid} grid
 * @param {{map?: import("./colormap.js").MapName, range?: number[], shade?: (v: number) => number}} [style]
 */
export function heatColors({ values, rows, cols }, { map = "viridis", range, shade = (v) => v } = {}) {
  const table = colorTable(map);
  const [low, high] = (range ?? extent(values)).map(shade);
  const bytes = new Uint8ClampedArray(4 * rows * cols);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < cols; i++) {
      const v = shade(values[(rows - 1 - j) * cols + i]);
      const t = Math.min(1, Math.max(0, (v - low) / (high - low || 1)));
      const from = 3 * Math.round(255 * t), to = 4 * (j * cols + i);
      if (Number.isNaN(v)) continue;
      bytes.set(table.subarray(from, from + 3), to);
      bytes[to + 3] = 255;
    }
  }
  return bytes;
}

/**
 * Return the least and the greatest finite value.
 * @param {ArrayLike<number>} values
 */
export function extent(values) {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low && values[i] > -Infinity) low = values[i];
    if (values[i] > high && values[i] < Infinity) high = values[i];
  }
  return low <= high ? [low, high] : [0, 1];
}

/** @param {{rows: number, cols: number}} grid @param {Uint8ClampedArray<ArrayBuffer>} bytes */
export function paint({ rows, cols }, bytes) {
  const canvas = document.createElement("canvas");
  canvas.width = cols;
  canvas.height = rows;
  canvas.getContext("2d")?.putImageData(new ImageData(bytes, cols, rows), 0, 0);
  return canvas;
}
