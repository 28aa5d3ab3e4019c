/**
 * Bars from zero, upright; the horizontal unit is the number of the bar.
 * @module
 */

import { FONT } from "./axes.js";

/** @typedef {import("./plot.js").Plot} Plot */
/** @typedef {{layer?: string, color?: string | ((k: number) => string), edge?: string, hatch?: (k: number) => boolean, width?: number, labels?: string[], alpha?: number}} BarStyle */

/**
 * Draw one bar for each value, over 0, 1, 2 …; hatched bars are told apart without color.
 * @param {Plot} plot @param {ArrayLike<number>} values @param {BarStyle} [style]
 */
export function bars(plot, values, style = {}) {
  const { layer = "data", color, edge, hatch, width = 0.8, labels, alpha = 1 } = style;
  plot.clipped(layer, (c) => {
    for (let k = 0; k < values.length; k++) {
      const left = plot.x(k - width / 2), right = plot.x(k + width / 2);
      const zero = plot.y(0), end = plot.y(values[k]);
      const box = [left, Math.min(zero, end), right - left, Math.max(1, Math.abs(end - zero))];
      c.globalAlpha = alpha;
      c.fillStyle = typeof color === "function" ? color(k) : color ?? plot.theme.accent;
      c.fillRect(box[0], box[1], box[2], box[3]);
      if (hatch?.(k)) stripes(c, box, plot.theme.background);
      c.lineWidth = 1;
      c.strokeStyle = edge ?? plot.theme.text;
      c.strokeRect(box[0], box[1], box[2], box[3]);
    }
  });
  if (labels) names(plot, labels, layer);
}

/** @param {CanvasRenderingContext2D} c @param {number[]} box @param {string} color */
function stripes(c, [left, top, width, height], color) {
  c.save();
  c.beginPath();
  c.rect(left, top, width, height);
  c.clip();
  c.strokeStyle = color;
  c.lineWidth = 1.5;
  c.beginPath();
  for (let at = left - height; at < left + width; at += 7) {
    c.moveTo(at, top + height);
    c.lineTo(at + height, top);
  }
  c.stroke();
  c.restore();
}

/** @param {Plot} plot @param {string[]} labels @param {string} layer */
function names(plot, labels, layer) {
  const c = plot.layer(layer);
  c.save();
  c.font = FONT;
  c.fillStyle = plot.theme.text;
  c.textBaseline = "top";
  // Slanted where they would touch.
  const room = Math.abs(plot.x(1) - plot.x(0)) - 4;
  const slant = labels.some((text) => c.measureText(text).width > room);
  labels.forEach((text, k) => {
    c.save();
    c.translate(plot.x(k), plot.box.top + plot.box.height + 4);
    if (slant) c.rotate(-Math.PI / 5);
    c.textAlign = slant ? "right" : "center";
    c.fillText(text, 0, 0);
    c.restore();
  });
  c.restore();
}
