/** Loss and slope over a logit; and notes of two families with the boundary of three weights. */
import { button, radio, row, slider } from "../kit/controls.js";
import { el, formatNumber } from "../kit/dom.js";
import { descend, logitOf, LOGIT_LOSSES, meanLoss, sigmoid } from "../kit/math/logistic.js";
import { createPlot } from "../kit/plot.js";
import { widget } from "../kit/widget.js";
import { drawNotes, drawOver } from "./panels.js";

const LIMIT = 8;
const RATE = 1;

/** @param {number} v */
const tenth = (v) => Math.round(Math.min(LIMIT, Math.max(-LIMIT, v)) * 10) / 10;

export default widget((ctx) => {
  const { views, weight } = ctx.config.options;
  const notes = readNotes(ctx);
  const loss = createPlot(ctx, { label: "Loss over the logit", height: 260, x: { label: "logit z", domain: [-LIMIT, LIMIT] }, y: { label: "loss L", domain: [-0.4, 8.4] } });
  const slope = createPlot(ctx, { label: "Slope over the logit", height: 260, x: { label: "logit z", domain: [-LIMIT, LIMIT] }, y: { label: "slope ∂L/∂z", domain: [-1.15, 1.15] } });
  const plane = createPlot(ctx, { label: "Notes and boundary", height: 320, x: { label: "decay →", domain: [-2, 3] }, y: { label: "brightness →", domain: [-2.5, 3.5] } });
  const curves = el("div", {}, el("div", { class: "cw-columns" }, loss.element, slope.element), row(slider(ctx, "logit"), radio(ctx, "label")));
  const go = (/** @type {number} */ steps) => ctx.set(descend(ctx.state.loss, weightsOf(ctx.state), notes, { lr: RATE, steps, limit: weight }));
  const controls = el("div", {}, slider(ctx, "w1"), slider(ctx, "w2"), slider(ctx, "b"), radio(ctx, "loss"), row(button(ctx, "1 step", () => go(1), { name: "one" }), button(ctx, "50 steps", () => go(50), { name: "fifty" })));
  const boundary = el("div", { class: "cw-columns" }, plane.element, controls);
  if (views.includes("curves")) ctx.root.append(curves);
  if (views.includes("boundary")) ctx.root.append(boundary);
  for (const plot of [loss, slope]) {
    const move = (/** @type {{x: number}} */ { x }) => ctx.set({ logit: tenth(x) }, { commit: false });
    plot.pointer({ down: move, move, up: ({ x }) => ctx.set({ logit: tenth(x) }) });
    plot.keyPoint({ label: "logit", get: () => [ctx.state.logit, 0], set: ([x]) => ctx.set({ logit: tenth(x > ctx.state.logit ? Math.ceil(x * 10 - 1e-6) / 10 : Math.floor(x * 10 + 1e-6) / 10) }) });
  }
  plane.pointer({ down: ({ px, py }) => choose(ctx, plane, notes, px, py) });
  ctx.help(views.includes("boundary") ? `Drag along the curves, or use the slider. Click a note${views.includes("curves") ? " to see it on the curves" : ""}. A step: gradient descent with η = ${RATE}.` : "Drag along the curves, or use the slider.");
  return {
    resize(width) {
      const one = width >= 576 ? Math.floor((width - 16) / 2) : width;
      for (const plot of [loss, slope, plane]) plot.resize(one);
    },
    update(state, changed) {
      if (changed.has("theme")) for (const plot of [loss, slope, plane]) plot.axes();
      if (views.includes("curves")) {
        drawOver(ctx, loss, (name, z, y) => LOGIT_LOSSES[name].loss(z, y));
        drawOver(ctx, slope, (name, z, y) => LOGIT_LOSSES[name].grad(z, y));
      }
      const moved = ["w1", "w2", "b", "theme", "size"].some((key) => changed.has(key));
      if (views.includes("boundary") && moved) drawNotes(ctx, plane, notes, weightsOf(state));
      tell(ctx, notes, views);
    },
  };
});

/** @param {import("../kit/widget.js").Context} ctx */
function readNotes(ctx) {
  const both = ctx.data("features"), n = both.shape[1];
  return { x1: Array.from(both.slice(0, n), Number), x2: Array.from(both.slice(n), Number), y: Array.from(ctx.data("labels"), Number) };
}

/** @param {import("../kit/state.js").State} state */
function weightsOf({ w1, w2, b }) {
  return { w1, w2, b };
}

/**
 * Show the note under the pointer on the curves.
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot
 * @param {{x1: number[], x2: number[], y: number[]}} notes @param {number} px @param {number} py
 */
function choose(ctx, plot, { x1, x2, y }, px, py) {
  const far = x1.map((v, i) => Math.hypot(plot.x(v) - px, plot.y(x2[i]) - py));
  const i = far.indexOf(Math.min(...far));
  if (far[i] > 30) return false;
  ctx.set({ logit: tenth(logitOf(weightsOf(ctx.state), x1[i], x2[i])), label: y[i] ? "1" : "0" });
  return true;
}

/** @param {import("../kit/widget.js").Context} ctx @param {{x1: number[], x2: number[], y: number[]}} notes @param {string[]} views */
function tell(ctx, notes, views) {
  const { logit, label } = ctx.state, y = Number(label), show = (/** @type {number} */ v) => formatNumber(v, 3);
  const { BCE, MSE } = LOGIT_LOSSES, weights = weightsOf(ctx.state);
  const [ce, se] = [meanLoss("BCE", weights, notes), meanLoss("MSE", weights, notes)];
  const right = `${Math.round(100 * ce.right)} %`;
  ctx.output("probability", show(sigmoid(logit)));
  ctx.output("bce", show(BCE.loss(logit, y)));
  ctx.output("mse", show(MSE.loss(logit, y)));
  ctx.output("slope_bce", show(BCE.grad(logit, y)));
  ctx.output("slope_mse", show(MSE.grad(logit, y)));
  ctx.output("right", right);
  const chosen = ctx.state.loss === "BCE" ? ce : se, steep = show(Math.hypot(chosen.w1, chosen.w2, chosen.b));
  ctx.output("steepness", steep);
  ctx.output("mean", show(chosen.loss));
  const words = [];
  if (views.includes("curves")) words.push(`σ(z) = ${show(sigmoid(logit))}, label ${label}. BCE ${show(BCE.loss(logit, y))}, slope ${show(BCE.grad(logit, y))}; squared error ${show(MSE.loss(logit, y))}, slope ${show(MSE.grad(logit, y))}.`);
  if (views.includes("boundary")) words.push(`Right for ${right} of ${notes.y.length} notes; mean BCE ${show(ce.loss)}, mean squared error ${show(se.loss)}. ${ctx.state.loss} has a gradient of length ${steep} here.`);
  ctx.announce(words.join(" "));
  ctx.goal(views.includes("curves") ? BCE.loss(logit, y) > 5 : ce.right > 0.9);
}
