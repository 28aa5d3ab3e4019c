/**
 * Points with a shape, and words beside them.
 * @module
 */

import { FONT } from "./axes.js";

/** @typedef {import("./plot.js").Plot} Plot */
/** @typedef {"o" | "s" | "^" | "v" | "D" | "x" | "+" | "*"} Marker as matplotlib names them */
/** @typedef {{layer?: string, color?: string, edge?: string, marker?: Marker, size?: number, alpha?: number}} PointStyle */

/**
 * Draw points; `size` is about the diameter in pixels.
 * @param {Plot} plot @param {{x: ArrayLike<number>, y: ArrayLike<number>}} data
 * @param {PointStyle} [style]
 */
export function points(plot, { x, y }, { layer = "data", color, edge, marker = "o", size = 7, alpha = 1 } = {}) {
  plot.clipped(layer, (c) => {
    c.globalAlpha = alpha;
    c.fillStyle = color ?? plot.theme.text;
    c.strokeStyle = edge ?? (marker === "x" || marker === "+" ? c.fillStyle : plot.theme.background);
    c.lineWidth = marker === "x" || marker === "+" ? 2.5 : 1.5;
    for (let i = 0; i < x.length; i++) {
      const px = plot.x(x[i]), py = plot.y(y[i]);
      if (!Number.isFinite(px + py)) continue;
      shape(c, marker, px, py, size / 2);
      if (marker !== "x" && marker !== "+") c.fill();
      c.stroke();
    }
  });
}

/** Corners as (angle / π, distance) pairs, from the right, down the screen. @type {Record<string, number[][]>} */
const CORNERS = {
  s: [[0.25, 1.25], [0.75, 1.25], [1.25, 1.25], [1.75, 1.25]],
  D: [[0, 1.3], [0.5, 1.3], [1, 1.3], [1.5, 1.3]],
  "^": [[-0.5, 1.3], [1 / 6, 1.3], [5 / 6, 1.3]],
  v: [[0.5, 1.3], [7 / 6, 1.3], [-1 / 6, 1.3]],
  "*": Array.from({ length: 10 }, (_, k) => [k / 5 - 0.5, k % 2 ? 0.65 : 1.6]),
};

/**
 * @param {CanvasRenderingContext2D} c @param {Marker} marker
 * @param {number} x @param {number} y @param {number} r
 */
function shape(c, marker, x, y, r) {
  c.beginPath();
  if (marker === "o") { c.arc(x, y, r, 0, 2 * Math.PI); return; }
  const arms = marker === "x" ? [[1, 1], [1, -1]] : [[1, 0], [0, 1]];
  if (marker in CORNERS) {
    CORNERS[marker].forEach(([turn, far], k) => {
      const to = [x + r * far * Math.cos(turn * Math.PI), y + r * far * Math.sin(turn * Math.PI)];
      if (k) c.lineTo(to[0], to[1]); else c.moveTo(to[0], to[1]);
    });
    c.closePath();
    return;
  }
  for (const [dx, dy] of arms) {
    c.moveTo(x - r * dx, y - r * dy);
    c.lineTo(x + r * dx, y + r * dy);
  }
}

/**
 * Write words beside a point, on a ground of their own so that they are legible on a heat map.
 * @param {Plot} plot @param {{x: number, y: number, text: string}} data
 * @param {{layer?: string, color?: string, ground?: string}} [style]
 */
export function label(plot, { x, y, text }, { layer = "data", color, ground } = {}) {
  const c = plot.layer(layer), { left, top, width } = plot.box;
  c.save();
  c.font = FONT;
  const wide = c.measureText(text).width;
  const px = Math.min(Math.max(plot.x(x) + 8, left + 2), left + width - wide - 6);
  const py = Math.max(plot.y(y) - 12, top + 10);
  c.globalAlpha = 0.85;
  c.fillStyle = ground ?? plot.theme.background;
  c.fillRect(px - 3, py - 9, wide + 6, 18);
  c.globalAlpha = 1;
  c.fillStyle = color ?? plot.theme.text;
  c.textAlign = "left";
  c.textBaseline = "middle";
  c.fillText(text, px, py);
  c.restore();
}
