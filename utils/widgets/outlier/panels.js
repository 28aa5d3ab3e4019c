/** The key, the losses over the error, and the pulls of all notes as bars. */
import { FONT } from "../kit/axes.js";
import { curve, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { LOSSES, tempo } from "../kit/math/lineFits.js";
import { points } from "../kit/points.js";

export const NAMES = ["L1", "L2", "Huber"];
const GRID = Array.from({ length: 129 }, (_, i) => -3.2 + i * 0.05);
const MARKERS = /** @type {import("../kit/points.js").Marker[]} */ (["o", "s", "^"]);

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {import("../kit/plot.js").Plot} Plot */
/** @typedef {Record<string, number[]>} Errors */

/**
 * Names, dashes and tempos of the three lines.
 * @param {Context} ctx
 */
export function createKey(ctx) {
  const numbers = NAMES.map(() => el("b"));
  const signs = NAMES.map((_, k) => {
    const sign = el("canvas", { width: 68, height: 16, "aria-hidden": "true" });
    sign.style.cssText = "width:34px;height:8px;display:inline-block;vertical-align:middle;margin-right:5px";
    const c = sign.getContext("2d"), { color, dash } = ctx.theme.series[k];
    if (c) {
      c.scale(2, 2);
      c.strokeStyle = color;
      c.lineWidth = 3;
      c.setLineDash(dash);
      c.beginPath();
      c.moveTo(0, 4);
      c.lineTo(34, 4);
      c.stroke();
    }
    return sign;
  });
  const root = el("div", { class: "cw-row" }, ...NAMES.map((name, k) => el("span", {}, signs[k], `${name}: `, numbers[k])));
  return {
    root,
    /** @param {Record<string, {slope: number}>} lines */
    draw(lines) { NAMES.forEach((name, k) => setText(numbers[k], tempo(lines[name].slope))); },
  };
}

/** Draw each loss over the error, and where the wrong note is on it. @param {Context} ctx @param {Plot} plot @param {Errors} errors */
export function drawLosses(ctx, plot, errors) {
  const { which, delta } = ctx.state, { series, muted } = ctx.theme;
  plot.clear("data");
  rule(plot, { y: 0 }, { color: muted, width: 1, dash: [] });
  NAMES.forEach((name, k) => {
    const { loss, grad } = LOSSES[name], { color, dash } = series[k];
    curve(plot, { x: GRID, y: GRID.map((r) => loss(r, delta)) }, { color, dash, width: 2.5 });
    const r = errors[name][which], at = loss(r, delta), slope = grad(r, delta);
    // A tangent about as long on the screen whatever its slope.
    const half = 0.6 / Math.hypot(1, slope);
    curve(plot, { x: [r - half, r + half], y: [at - half * slope, at + half * slope] }, { color: ctx.theme.text, width: 1.5 });
    points(plot, { x: [r], y: [at] }, { color, edge: ctx.theme.text, marker: MARKERS[k], size: 11 });
  });
  plot.alt(NAMES.map((name) => `${name}: loss ${LOSSES[name].loss(errors[name][which], delta).toFixed(2)}, slope ${LOSSES[name].grad(errors[name][which], delta).toFixed(2)}`).join("; "));
}

/** Draw three bars a note: what each loss lets it pull. @param {Context} ctx @param {Plot} plot @param {Errors} errors */
export function drawPulls(ctx, plot, errors) {
  const { delta } = ctx.state, c = plot.layer("data");
  plot.clear("data");
  NAMES.forEach((name, k) => {
    c.fillStyle = ctx.theme.series[k].color;
    errors[name].forEach((r, i) => {
      const left = plot.x(i + 0.27 * (k - 1.5)), right = plot.x(i + 0.27 * (k - 0.5));
      const zero = plot.y(0), end = plot.y(-LOSSES[name].grad(r, delta));
      c.fillRect(left, Math.min(zero, end), right - left - 0.5, Math.max(1.5, Math.abs(end - zero)));
    });
  });
  rule(plot, { y: 0 }, { color: ctx.theme.muted, width: 1, dash: [] });
  c.font = FONT;
  c.fillStyle = ctx.theme.muted;
  c.textAlign = "left";
  c.textBaseline = "top";
  c.fillText("three bars a note, from the left: L1, L2, Huber", plot.box.left + 6, plot.box.top + 2, plot.box.width - 12);
}
