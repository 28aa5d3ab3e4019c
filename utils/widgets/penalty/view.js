/** Weights over λ, errors over λ, and the contours of two weights with diamond or circle. */
import { radio, row, select, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { lasso, ridge, squaredError, weightPath } from "../kit/math/penalty.js";
import { createContours } from "./contours.js";
import { createTable } from "./table.js";

/** @typedef {{g: number[][], c: number[], square: number}} Moments */
/** @typedef {{weights: number[][], train: number[], validation: number[]}} Path */

const COUNT = 81, DASHES = [[], [7, 4], [2, 3]];

export default widget((ctx) => {
  /** @type {{train: Moments, validation: Moments, features: string[]}} */
  const { train, validation, features } = ctx.config.options;
  const { low = 1e-3, high = 5 } = ctx.config.fields.strength;
  const strengths = Array.from({ length: COUNT }, (_, i) => low * (high / low) ** (i / (COUNT - 1)));
  const axis = { label: "strength λ", domain: [low, high], log: true };
  const weights = createPlot(ctx, { label: "Weights over the strength of the penalty", height: 270, x: axis, y: { label: "weight", domain: [-0.25, 0.8] } });
  const errors = createPlot(ctx, { label: "Errors over the strength of the penalty", height: 270, x: axis, y: { label: "mean squared error", domain: [0, 0.5] } });
  const contours = createContours(ctx, train, features);
  const table = createTable(features);
  /** @type {Record<string, Path>} */
  const paths = {};
  for (const kind of /** @type {const} */ (["L1", "L2"])) {
    const all = weightPath(kind, train.g, train.c, strengths);
    const error = (/** @type {Moments} */ { g, c, square }) => all.map((w) => squaredError(g, c, square, w));
    paths[kind] = { weights: all, train: error(train), validation: error(validation) };
  }
  const drag = (/** @type {{x: number}} */ { x }) => ctx.set({ strength: Number(Math.min(high, Math.max(low, x)).toPrecision(3)) }, { commit: false });
  for (const plot of [weights, errors]) plot.pointer({ down: drag, move: drag, up: () => ctx.set({}) });
  ctx.root.append(
    row(radio(ctx, "kind"), slider(ctx, "strength")),
    el("div", { class: "cw-columns" }, weights.element, errors.element),
    table.root,
    el("div", { class: "cw-columns" }, contours.element, el("div", {}, row(select(ctx, "first"), select(ctx, "second")), contours.words)),
  );
  ctx.help(`A weighted sum of ${features.length} features tells the pitch of a note; validation notes come from other instruments. Drag λ in the upper figures.`);

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      [weights, errors, contours].forEach((plot) => plot.resize(each));
    },
    update(state, changed) {
      const now = (state.kind === "L1" ? lasso : ridge)(train.g, train.c, state.strength);
      if (changed.has("theme")) [weights, errors].forEach((plot) => plot.axes());
      drawWeights(weights, strengths, paths[state.kind], state.strength, features);
      drawErrors(errors, strengths, paths[state.kind], state.strength);
      table.draw(now, ctx.theme, (j) => look(ctx.theme, j));
      contours.draw(state, changed.has("theme"));
      tell(ctx, now, weights, paths);
    },
  };
});

/** The look of a feature. @param {import("../kit/theme.js").Palette} theme @param {number} j */
const look = ({ series, text }, j) => ({ color: j === 8 ? text : series[j % 8].color, dash: DASHES[j === 8 ? 2 : j % 2] });

/** @param {import("../kit/plot.js").Plot} plot @param {number[]} x @param {Path} path @param {number} strength @param {string[]} features */
function drawWeights(plot, x, { weights }, strength, features) {
  plot.clear("data");
  rule(plot, { y: 0 }, { color: plot.theme.muted, dash: [], width: 1 });
  features.forEach((_, j) => curve(plot, { x, y: weights.map((w) => w[j]) }, { ...look(plot.theme, j), width: j === 8 ? 3 : 2.5 }));
  rule(plot, { x: strength }, { color: plot.theme.text, dash: [2, 3] });
  // Only the large ones have room for a name; the table has all.
  features.forEach((name, j) => {
    if (Math.abs(weights[0][j]) > 0.2) label(plot, { x: x[2], y: weights[0][j] - 0.02, text: name }, { color: look(plot.theme, j).color });
  });
}

/** @param {import("../kit/plot.js").Plot} plot @param {number[]} x @param {Path} path @param {number} strength */
function drawErrors(plot, x, path, strength) {
  plot.clear("data");
  const best = path.validation.indexOf(Math.min(...path.validation));
  for (const [name, text] of /** @type {const} */ ([["train", "training"], ["validation", "validation"]])) {
    const { color, dash } = plot.theme.meanings[name];
    curve(plot, { x, y: path[name] }, { color, dash, width: 3 });
    label(plot, { x: x[4], y: path[name][4], text }, { color });
  }
  rule(plot, { x: x[best], text: "best" }, { color: plot.theme.meanings.validation.color, width: 1.5 });
  rule(plot, { x: strength }, { color: plot.theme.text, dash: [2, 3] });
}

/**
 * @param {import("../kit/widget.js").Context} ctx @param {number[]} w @param {import("../kit/plot.js").Plot} plot
 * @param {Record<string, Path>} paths
 */
function tell(ctx, w, plot, paths) {
  const { train, validation } = ctx.config.options, { kind, strength } = ctx.state;
  const zeros = w.filter((v) => v === 0).length;
  const error = (/** @type {Moments} */ { g, c, square }) => squaredError(g, c, square, w);
  const words = `${kind} with λ = ${formatNumber(strength)}: ${zeros} of ${w.length} weights are exactly zero. Mean squared error: training ${error(train).toFixed(3)}, validation ${error(validation).toFixed(3)}.`;
  const decay = kind === "L2" ? ` As weight_decay of SGD: 2λ = ${formatNumber(2 * strength)}.` : "";
  ctx.output("zeros", String(zeros));
  ctx.output("train", error(train).toFixed(3));
  ctx.output("validation", error(validation).toFixed(3));
  ctx.output("weight_decay", kind === "L2" ? formatNumber(2 * strength) : "none");
  ctx.announce(words + decay);
  plot.alt(words);
  const least = Math.min(...paths[kind].validation);
  ctx.goal(kind === "L1" && error(validation) < least + 0.0004);
}
