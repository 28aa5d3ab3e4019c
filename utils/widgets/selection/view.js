/** Scores of k simulated models, the winner and its test, and the optimism over k. */
import { row, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { bestSoFar, binomialBelow, drawModels, expectedBest } from "../kit/math/selection.js";

/** @typedef {ReturnType<typeof drawModels>} Models */
/** @typedef {{models: Models, best: number[], expected: number[] | null}} Draw */

/** @param {number} v */
const percent = (v) => `${(100 * v).toFixed(1)}\u00a0%`;
/** @param {number} v */
const signed = (v) => `${v < -0.0005 ? "−" : v < 0.0005 ? "" : "+"}${Math.abs(100 * v).toFixed(1)}`;

export default widget((ctx) => {
  const most = ctx.config.fields.models.high ?? 200;
  const scores = createPlot(ctx, { label: "Accuracies of all models", height: 300, x: { label: "model", domain: [0, 11] }, y: { label: "accuracy (%)", domain: [50, 100] } });
  const optimism = createPlot(ctx, { label: "Optimism of the winner over the number of models", height: 300, x: { label: "number of models k", domain: [1, most], log: true }, y: { label: "optimism (points)", domain: [-8, 20] } });
  ctx.root.append(
    el("div", { class: "cw-columns" }, optimism.element, scores.element),
    row(slider(ctx, "models"), slider(ctx, "notes")),
    row(slider(ctx, "spread"), slider(ctx, "seed")),
    el("p", { class: "cw-help" }, `A simulation: each model answers each note rightly with its own true accuracy (70 % ± the differences), independently of all other answers. Test: ${ctx.config.options.testNotes} new notes. Real models find the same notes hard, so their optimism is somewhat smaller.`),
  );
  const choose = (/** @type {{x: number}} */ { x }) => ctx.set({ models: Math.min(most, Math.max(1, Math.round(x))) }, { commit: false });
  optimism.pointer({ down: choose, move: choose, up: () => ctx.set({}) });
  ctx.help("Drag in the left figure to change k. Optimism: validation accuracy of the winner minus its true accuracy.");
  /** @type {Draw} */
  let drawn;
  /** Whether the first half of the goal was reached. */
  let flattered = false;

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      scores.resize(each);
      optimism.resize(each);
    },
    update(state, changed) {
      if (["notes", "spread", "seed"].some((key) => changed.has(key))) drawn = make(ctx, most);
      scores.setDomain({ x: [0, state.models + 1] });
      if (changed.has("theme")) [scores, optimism].forEach((plot) => plot.axes());
      drawScores(scores, drawn, state.models, ctx.config.options.truth);
      drawOptimism(optimism, drawn, state.models);
      const gain = tell(ctx, drawn, scores);
      flattered ||= gain > 0.0999;
      ctx.goal(flattered && gain < 0.03);
    },
  };
});

/** @param {import("../kit/widget.js").Context} ctx @param {number} most @returns {Draw} */
function make({ state, config }, most) {
  const { truth, testNotes } = config.options, notes = Math.round(state.notes);
  const models = drawModels({ models: most, notes, truth, spread: state.spread / 100, seed: state.seed, testNotes });
  const below = binomialBelow(notes, truth);
  const expected = state.spread ? null : models.map((_, i) => expectedBest(below, i + 1) - truth);
  return { models, best: bestSoFar(models), expected };
}

/** @param {import("../kit/plot.js").Plot} plot @param {Draw} drawn @param {number} k @param {number} truth */
function drawScores(plot, { models, best }, k, truth) {
  const { meanings, text, muted } = plot.theme, shown = models.slice(0, k), winner = best[k - 1];
  const x = shown.map((_, i) => i + 1), size = k > 60 ? 5 : 8;
  plot.clear("data");
  rule(plot, { y: 100 * truth }, { color: muted });
  const { color } = meanings.validation;
  if (shown.some((one) => one.truth !== truth)) points(plot, { x, y: shown.map((one) => 100 * one.truth) }, { color: muted, marker: "+", size: 8 });
  points(plot, { x, y: shown.map((one) => 100 * one.validation) }, { color, marker: "s", size });
  const { validation, test } = models[winner];
  curve(plot, { x: [winner + 1, winner + 1], y: [100 * validation, 100 * test] }, { color: text, width: 2 });
  points(plot, { x: [winner + 1], y: [100 * validation] }, { color, marker: "*", edge: text, size: 18 });
  points(plot, { x: [winner + 1], y: [100 * test] }, { color: meanings.test.color, marker: "^", edge: text, size: 13 });
  label(plot, { x: 0, y: 52.5, text: "■ validation   ┄ true mean" }, { color: muted });
  label(plot, { x: winner + 1, y: 100 * validation + 1.5, text: `winner ${percent(validation)}` }, { color });
  label(plot, { x: winner + 1, y: 100 * test - 6.5, text: `its test ${percent(test)}` }, { color: meanings.test.color });
}

/** @param {import("../kit/plot.js").Plot} plot @param {Draw} drawn @param {number} k */
function drawOptimism(plot, { models, best, expected }, k) {
  const { meanings, text, muted } = plot.theme, x = models.map((_, i) => i + 1);
  const y = best.map((i) => 100 * (models[i].validation - models[i].truth));
  plot.clear("data");
  rule(plot, { y: 0, text: "honest" }, { color: muted });
  rule(plot, { x: k }, { color: text, dash: [2, 3] });
  if (expected) {
    curve(plot, { x, y: expected.map((v) => 100 * v) }, { color: muted, width: 2.5, dash: [7, 4] });
    label(plot, { x: 12, y: 100 * expected[11] - 3, text: "expected (exact)" }, { color: muted });
  }
  curve(plot, { x, y }, { color: meanings.validation.color, width: 3 });
  points(plot, { x: [k], y: [y[k - 1]] }, { color: meanings.validation.color, edge: text, marker: "s", size: 12 });
  label(plot, { x: 1, y: 19, text: "━ this draw" }, { color: meanings.validation.color });
}

/** @param {import("../kit/widget.js").Context} ctx @param {Draw} drawn @param {import("../kit/plot.js").Plot} plot */
function tell(ctx, { models, best, expected }, plot) {
  const { models: k, spread } = ctx.state, { validation, test, truth } = models[best[k - 1]];
  const optimism = validation - truth, mean = expected?.[k - 1];
  const rest = mean === undefined ? "" : ` In the mean the best of ${k} flatters itself by ${signed(mean)} points.`;
  const words = `The winner of ${k}: ${percent(validation)} on validation, ${percent(test)} on the test, ${percent(truth)} in truth. Optimism ${signed(optimism)} points.${rest}`;
  ctx.output("validation", percent(validation));
  ctx.output("test", percent(test));
  ctx.output("truth", percent(truth));
  ctx.output("optimism", `${signed(optimism)} points`);
  ctx.output("expected", mean === undefined ? "–" : `${signed(mean)} points`);
  ctx.announce(words);
  plot.alt(words);
  return spread === 0 ? optimism : NaN;
}
