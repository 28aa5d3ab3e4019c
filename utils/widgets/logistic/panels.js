/** Two curves over the logit, and the plane of the notes. */
import { curve, rule } from "../kit/curves.js";
import { heatmap } from "../kit/heatmap.js";
import { logitOf, sigmoid } from "../kit/math/logistic.js";
import { label, points } from "../kit/points.js";

const GRID = Array.from({ length: 161 }, (_, i) => -8 + i / 10);
const NAMES = ["BCE", "MSE"];
const COARSE = 41;

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {import("../kit/plot.js").Plot} Plot */

/**
 * Draw a quantity of both losses over the logit, with the place of the note.
 * @param {Context} ctx @param {Plot} plot
 * @param {(name: string, z: number, y: number) => number} quantity
 */
export function drawOver(ctx, plot, quantity) {
  const { logit } = ctx.state, y = Number(ctx.state.label), { series, text, muted } = ctx.theme;
  plot.clear("data");
  rule(plot, { y: 0 }, { color: muted, width: 1, dash: [] });
  rule(plot, { x: 0 }, { color: muted, width: 1, dash: [] });
  NAMES.forEach((name, k) => {
    const { color, dash } = series[k];
    curve(plot, { x: GRID, y: GRID.map((z) => quantity(name, z, y)) }, { color, dash, width: 2.5 });
    points(plot, { x: [logit], y: [quantity(name, logit, y)] }, { color, edge: text, marker: k ? "s" : "o", size: 11 });
  });
  const top = plot.yScale.domain[1], steep = top > 2;
  // Names where the curves are far apart, at a surely wrong logit, beside them and not on them.
  NAMES.forEach((name, k) => {
    const v = quantity(name, y ? -6 : 6, y), left = steep && !k ? 0.32 : y ? 0.05 : 0.7;
    const off = k ? 0.09 : steep ? 0 : v > 0 ? -0.36 : 0.18;
    label(plot, { x: plot.xScale.from(y || !steep || k ? left : 0.44), y: v + off * top, text: k ? "squared error" : "cross entropy" }, { color: text });
  });
  plot.alt(NAMES.map((name) => `${name} ${quantity(name, logit, y).toFixed(3)}`).join("; "));
}

/**
 * @param {Context} ctx @param {Plot} plot @param {{x1: number[], x2: number[], y: number[]}} notes
 * @param {import("../kit/math/logistic.js").Weights} weights
 */
export function drawNotes(ctx, plot, { x1, x2, y }, weights) {
  const [a, b] = plot.xScale.domain, [low, high] = plot.yScale.domain;
  const values = new Float32Array(COARSE * COARSE);
  for (let j = 0; j < COARSE; j++) {
    for (let i = 0; i < COARSE; i++) {
      values[j * COARSE + i] = sigmoid(logitOf(weights, a + ((b - a) * i) / (COARSE - 1), low + ((high - low) * j) / (COARSE - 1)));
    }
  }
  plot.clear("heat");
  plot.clear("data");
  heatmap(plot, { values, rows: COARSE, cols: COARSE, x: [a, b], y: [low, high] }, { map: "diverging", range: [0, 1], alpha: ctx.theme.dark ? 0.75 : 0.9 });
  boundary(plot, weights);
  for (const [kind, marker, color] of /** @type {[number, import("../kit/points.js").Marker, string][]} */ ([[1, "s", ctx.theme.series[1].color], [0, "o", ctx.theme.series[0].color]])) {
    const of = y.map((_, i) => i).filter((i) => y[i] === kind);
    points(plot, { x: of.map((i) => x1[i]), y: of.map((i) => x2[i]) }, { color, edge: "#ffffff", marker, size: 10 });
  }
  label(plot, { x: 2, y: 3.1, text: "■ guitar" }, { color: ctx.theme.text });
  label(plot, { x: 2, y: 2.7, text: "● flute" }, { color: ctx.theme.text });
}

/** Draw where the logit is zero. @param {Plot} plot @param {import("../kit/math/logistic.js").Weights} weights */
function boundary(plot, { w1, w2, b }) {
  const size = Math.hypot(w1, w2);
  if (size < 1e-9) return;
  const x = (-b * w1) / (size * size), y = (-b * w2) / (size * size);
  const dx = (-w2 / size) * 20, dy = (w1 / size) * 20;
  curve(plot, { x: [x - dx, x + dx], y: [y - dy, y + dy] }, { color: "#000000", width: 3 });
}
