/**
 * The frame of a plot: ticks, grid, names of both axes.
 * @module
 */

import { format, ticks } from "./scale.js";

export const FONT = "12px system-ui, sans-serif";

/**
 * Draw both axes on the layer "axes".
 * @param {import("./plot.js").Plot} plot
 */
export function drawAxes(plot) {
  const c = plot.layer("axes");
  const { left, top, width, height } = plot.box;
  plot.clear("axes");
  c.font = FONT;
  c.lineWidth = 1;
  c.strokeStyle = plot.theme.grid;
  c.fillStyle = plot.theme.muted;
  c.textAlign = "center";
  c.textBaseline = "top";
  for (const v of ticks(plot.xScale, Math.max(2, Math.floor(width / 60)))) {
    const at = Math.round(plot.x(v)) + 0.5;
    stroke(c, at, top, at, top + height);
    c.fillText(format(v), at, top + height + 5);
  }
  c.textAlign = "right";
  c.textBaseline = "middle";
  for (const v of ticks(plot.yScale, Math.max(2, Math.floor(height / 40)))) {
    const at = Math.round(plot.y(v)) + 0.5;
    stroke(c, left, at, left + width, at);
    c.fillText(format(v), left - 5, at);
  }
  names(c, plot);
}

/** @param {CanvasRenderingContext2D} c @param {import("./plot.js").Plot} plot */
function names(c, plot) {
  const { left, top, width, height } = plot.box;
  c.fillStyle = plot.theme.text;
  c.textAlign = "center";
  c.textBaseline = "bottom";
  c.fillText(plot.names.x, left + width / 2, top + height + 35);
  c.save();
  c.translate(11, top + height / 2);
  c.rotate(-Math.PI / 2);
  c.textBaseline = "middle";
  c.fillText(plot.names.y, 0, 0);
  c.restore();
}

/**
 * @param {CanvasRenderingContext2D} c @param {number} x0 @param {number} y0
 * @param {number} x1 @param {number} y1
 */
function stroke(c, x0, y0, x1, y1) {
  c.beginPath();
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
  c.stroke();
}
