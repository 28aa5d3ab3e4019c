/**
 * Lines and areas through points.
 * @module
 */

/** @typedef {import("./plot.js").Plot} Plot */
/** @typedef {ArrayLike<number>} Numbers */
/** @typedef {{layer?: string, color?: string, width?: number, dash?: number[], alpha?: number}} LineStyle */

/**
 * Draw a line through points; it breaks where a number is not finite.
 * @param {Plot} plot @param {{x: Numbers, y: Numbers}} data @param {LineStyle} [style]
 */
export function curve(plot, { x, y }, { layer = "data", color, width = 2, dash = [], alpha = 1 } = {}) {
  plot.clipped(layer, (c) => {
    c.strokeStyle = color ?? plot.theme.text;
    c.lineWidth = width;
    c.lineJoin = "round";
    c.globalAlpha = alpha;
    c.setLineDash(dash);
    trace(c, plot, x, y);
    c.stroke();
  });
}

/** @param {CanvasRenderingContext2D} c @param {Plot} plot @param {Numbers} x @param {Numbers} y */
function trace(c, plot, x, y) {
  let pen = false;
  c.beginPath();
  for (let i = 0; i < x.length; i++) {
    const px = plot.x(x[i]), py = far(plot.y(y[i]));
    if (!Number.isFinite(px + py)) { pen = false; continue; }
    if (pen) c.lineTo(px, py); else c.moveTo(px, py);
    pen = true;
  }
}

/** A canvas draws nothing at all beyond some millions of pixels. @param {number} v */
function far(v) {
  return Number.isNaN(v) ? v : Math.min(1e5, Math.max(-1e5, v));
}

/**
 * Fill the area between two curves, or between one and a number.
 * @param {Plot} plot @param {{x: Numbers, low: Numbers | number, high: Numbers}} data
 * @param {{layer?: string, color?: string, alpha?: number}} [style]
 */
export function fillBetween(plot, { x, low, high }, { layer = "data", color, alpha = 0.25 } = {}) {
  plot.clipped(layer, (c) => {
    trace(c, plot, x, high);
    for (let i = x.length - 1; i >= 0; i--) {
      c.lineTo(plot.x(x[i]), far(plot.y(typeof low === "number" ? low : low[i])));
    }
    c.globalAlpha = alpha;
    c.fillStyle = color ?? plot.theme.accent;
    c.fill();
  });
}

/**
 * Draw a straight line over the whole box at one number, with a name at its end.
 * @param {Plot} plot @param {{x?: number, y?: number, text?: string}} at one of x and y
 * @param {LineStyle} [style]
 */
export function rule(plot, { x, y, text = "" }, style = {}) {
  const [x0, x1] = plot.xScale.domain, [y0, y1] = plot.yScale.domain;
  const color = style.color ?? plot.theme.muted;
  const data = x === undefined ? { x: [x0, x1], y: [Number(y), Number(y)] } : { x: [x, x], y: [y0, y1] };
  curve(plot, data, { width: 1.5, dash: [6, 4], ...style, color });
  if (!text || (x !== undefined && (x < x0 || x > x1))) return;
  const c = plot.layer(style.layer ?? "data"), { left, top, width } = plot.box;
  c.font = "12px system-ui, sans-serif";
  c.fillStyle = color;
  const px = x === undefined ? left + width - 4 : plot.x(x);
  const flip = x === undefined || px + c.measureText(text).width + 6 > left + width;
  c.textAlign = flip ? "right" : "left";
  c.textBaseline = x === undefined ? "bottom" : "top";
  c.fillText(text, px + (flip ? -4 : 4), x === undefined ? plot.y(Number(y)) - 2 : top + 3);
}
