/**
 * The loss along one line: the whole landscape in one dimension; in two, the cut along the next
 * step, on which the learning rate decides how far to go.
 */
import { arrows } from "../kit/arrows.js";
import { curve, rule } from "../kit/curves.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { format } from "../kit/scale.js";

/** @typedef {import("./run.js").Model} Model */
/** @typedef {import("../kit/plot.js").Plot} Plot */

const SAMPLES = 161;

/** @param {any} ctx */
export function createCut(ctx) {
  const plot = createPlot(ctx, {
    label: "The loss along a line", height: 240,
    x: { label: "θ", domain: [0, 1] }, y: { label: "loss", domain: [0, 1] },
  });
  return {
    plot,
    /** @param {Model} model @param {any} state @param {any} hover */
    draw(model, state, hover) {
      plot.clear("data");
      const one = model.surface.dims === 1;
      const name = one ? "θ" : `learning rate along step ${model.t + 1}`;
      if (plot.names.x !== name) {
        plot.names.x = name;
        plot.axes();
      }
      if (one) whole(plot, model, state, hover, ctx.theme);
      else along(plot, model, state, ctx.theme);
    },
  };
}

/** @param {Plot} plot @param {Model} model @param {any} state @param {any} hover @param {any} theme */
function whole(plot, { surface, run, t }, state, hover, theme) {
  const [low, high] = surface.bounds[0];
  const x = Array.from({ length: SAMPLES }, (_, k) => low + (high - low) * k / (SAMPLES - 1));
  const y = x.map((v) => surface.value([v]));
  const bottom = Math.min(...y), top = Math.max(...y), room = 0.08 * (top - bottom);
  plot.setDomain({ x: [low, high], y: [bottom - room, top + room] });
  const line = theme.meanings[state.momentum ? "momentum" : "gd"].color;
  curve(plot, { x, y }, { width: 2.5, color: theme.text });
  const path = run.path.slice(0, t + 1).map((p) => p[0]), losses = run.losses.slice(0, t + 1);
  const g = surface.gradient([path[t]])[0];
  curve(plot, { x: [low, high], y: [low, high].map((v) => losses[t] + g * (v - path[t])) }, { color: theme.warning, width: 1.5, dash: [6, 4] });
  const hops = path.slice(1).map((v, k) => ({ x: path[k], y: losses[k], dx: v - path[k], dy: losses[k + 1] - losses[k] }));
  arrows(plot, hops.slice(-60), { color: line, width: 1.5, head: 7 });
  points(plot, { x: path, y: losses }, { color: line });
  points(plot, { x: path.slice(0, 1), y: losses.slice(0, 1) }, { marker: "s", color: theme.background, edge: theme.text, size: 10 });
  points(plot, { x: [path[t]], y: [losses[t]] }, { color: line, size: 13 });
  if (hover?.step >= 0) points(plot, { x: [path[hover.step]], y: [losses[hover.step]] }, { color: "#F0E442", edge: "#000000", size: 13 });
  plot.alt(`Step ${t}: θ = ${format(path[t])}, loss ${format(losses[t])}, slope ${format(g)}.`);
}

/** @param {Plot} plot @param {Model} model @param {any} state @param {any} theme */
function along(plot, { surface, run, t, limit, lowest }, state, theme) {
  const from = run.path[t], here = run.losses[t];
  // With momentum the step does not go along the gradient; the rate scales it all the same.
  const toward = t + 1 < run.path.length
    ? run.path[t + 1].map((v, i) => (v - from[i]) / state.lr)
    : run.gradients[t].map((g) => -g);
  const far = Math.max(2 * state.lr, limit > 0 ? 1.5 * limit : 0);
  const x = Array.from({ length: SAMPLES }, (_, k) => far * k / (SAMPLES - 1));
  const at = (/** @type {number} */ s) => surface.value(from.map((v, i) => v + s * toward[i]));
  const y = x.map(at);
  const bottom = Math.min(...y), size = Math.max(here - bottom, 1e-4 * (run.losses[0] - lowest), 1e-9);
  plot.setDomain({ x: [0, far], y: [bottom - 0.15 * size, here + 0.6 * size] });
  rule(plot, { y: here }, { color: theme.grid, dash: [] });
  if (limit > 0) rule(plot, { x: limit, text: "limit" }, { color: theme.warning });
  const slope = surface.gradient(from).reduce((sum, g, i) => sum + g * toward[i], 0);
  curve(plot, { x: [0, far], y: [here, here + far * slope] }, { color: theme.muted, width: 1.5, dash: [4, 4] });
  curve(plot, { x, y }, { color: theme.text, width: 2.5 });
  rule(plot, { x: state.lr }, { color: theme.accent, dash: [], width: 2 });
  points(plot, { x: [0], y: [here] }, { color: theme.text, size: 9 });
  points(plot, { x: [state.lr], y: [at(state.lr)] }, { color: theme.accent, marker: "D", size: 10 });
  plot.alt(`From step ${t} with loss ${format(here)}, the learning rate ${format(state.lr)} leads to ${format(at(state.lr))}. Drag to change the rate.`);
}
