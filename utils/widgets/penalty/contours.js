/** The regression with two features: contours of its error, and the region of the penalty. */
import { contours } from "../kit/contours.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { lasso, ridge, squaredError } from "../kit/math/penalty.js";

/** @typedef {{g: number[][], c: number[], square: number}} Moments */

const SIZE = 61, REACH = 1.2;
const PATH = Array.from({ length: 50 }, (_, i) => 1e-3 * 5000 ** (i / 49));

/** @param {import("../kit/widget.js").Context} ctx @param {Moments} all @param {string[]} features */
export function createContours(ctx, all, features) {
  const axis = { label: "weight", domain: [-REACH, REACH] };
  const plot = createPlot(ctx, { label: "Contours of the error over two weights", aspect: 1, x: axis, y: axis });
  const words = el("p", {});
  let key = "";
  /** @type {Moments} */
  let pair;
  /** @type {import("../kit/heatmap.js").Grid} */
  let grid;
  /** @type {number[]} */
  let levels = [];
  return {
    element: plot.element,
    words,
    /** @param {number} width */
    resize(width) { plot.resize(Math.min(width, 420)); },
    /** @param {import("../kit/state.js").State} state @param {boolean} axes */
    draw(state, axes) {
      const next = `${state.first} ${state.second}`;
      if (next !== key) {
        key = next;
        pair = choose(all, [features.indexOf(state.first), features.indexOf(state.second)]);
        plot.names = { x: `weight of ${state.first}`, y: `weight of ${state.second}` };
        grid = heights(pair);
        const free = minimum(pair), [a, b, c] = [pair.g[0][0], pair.g[1][1], squaredError(pair.g, pair.c, pair.square, free)];
        levels = [0.05, 0.2, 0.45, 0.8, 1.25, 1.8].map((v) => c + (v * (a + b)) / 2);
        plot.axes();
      } else if (axes) plot.axes();
      const solve = state.kind === "L1" ? lasso : ridge;
      const w = solve(pair.g, pair.c, state.strength);
      picture(plot, grid, levels, pair, w, state.kind);
      const form = state.kind === "L1" ? "corners: it likes to touch on an axis, and there a weight is exactly zero" : "no corners: it touches on an axis only by chance";
      setText(words, `With these two features alone: weights ${w.map((v) => (v === 0 ? "0" : formatNumber(v, 2))).join(" and ")}. The ${state.kind === "L1" ? "diamond |w₁| + |w₂| = t" : "circle w₁² + w₂² = t"} touches an ellipse of equal error at ●. It has ${form}. ✕: the minimum without penalty.`);
    },
  };
}

/** @param {Moments} all @param {number[]} at @returns {Moments} */
function choose({ g, c, square }, at) {
  return { g: at.map((i) => at.map((j) => g[i][j])), c: at.map((i) => c[i]), square };
}

/** Where the error is smallest; a hair of ridge in case both features are the same. @param {Moments} pair */
const minimum = ({ g, c }) => ridge(g, c, 1e-9);

/** @param {Moments} pair @returns {import("../kit/heatmap.js").Grid} */
function heights({ g, c, square }) {
  const at = (/** @type {number} */ i) => -REACH + (2 * REACH * i) / (SIZE - 1);
  const values = Float64Array.from({ length: SIZE * SIZE }, (_, k) => squaredError(g, c, square, [at(k % SIZE), at(Math.floor(k / SIZE))]));
  return { values, rows: SIZE, cols: SIZE, x: [-REACH, REACH], y: [-REACH, REACH] };
}

/**
 * @param {import("../kit/plot.js").Plot} plot @param {import("../kit/heatmap.js").Grid} grid @param {number[]} levels
 * @param {Moments} pair @param {number[]} w @param {string} kind
 */
function picture(plot, grid, levels, pair, w, kind) {
  const { theme } = plot, { color } = theme.series[4];
  plot.clear("data");
  contours(plot, grid, { levels, layer: "data", color: theme.muted });
  contours(plot, grid, { levels: [squaredError(pair.g, pair.c, pair.square, w)], layer: "data", color: theme.series[0].color, width: 2.5, alpha: 1 });
  rule(plot, { x: 0 }, { color: theme.text, dash: [], width: 1 });
  rule(plot, { y: 0 }, { color: theme.text, dash: [], width: 1 });
  const solve = kind === "L1" ? lasso : ridge, path = PATH.map((s) => solve(pair.g, pair.c, s));
  curve(plot, { x: path.map((v) => v[0]), y: path.map((v) => v[1]) }, { color: theme.series[1].color, dash: [6, 4] });
  const turns = Array.from({ length: 73 }, (_, i) => (i * Math.PI) / 36), size = kind === "L1" ? Math.abs(w[0]) + Math.abs(w[1]) : Math.hypot(w[0], w[1]);
  const corners = kind === "L1" ? [0, 18, 36, 54, 72].map((i) => turns[i]) : turns;
  curve(plot, { x: corners.map((t) => size * Math.cos(t)), y: corners.map((t) => size * Math.sin(t)) }, { color, width: 3 });
  const free = minimum(pair);
  points(plot, { x: [free[0]], y: [free[1]] }, { color: theme.text, marker: "x", size: 11 });
  points(plot, { x: [w[0]], y: [w[1]] }, { color: theme.text, size: 12 });
  label(plot, { x: -REACH, y: REACH, text: kind === "L1" ? "◇ L1   ◯ equal error   ┄ path" : "○ L2   ◯ equal error   ┄ path" }, { color: theme.muted });
}
