/** The loss of each step, linked to the path. */
import { curve, rule } from "../kit/curves.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { format } from "../kit/scale.js";

/** @typedef {import("./run.js").Model} Model */

/** @param {any} ctx */
export function createLosses(ctx) {
  const plot = createPlot(ctx, {
    label: "Loss of each step", height: 240,
    x: { label: "step", domain: [0, 1] }, y: { label: "loss", domain: [0, 1] },
  });
  return {
    plot,
    /** @param {Model} model @param {any} state @param {any} hover */
    draw(model, state, hover) {
      const { run, t, lowest } = model;
      const shown = run.losses.slice(0, t + 1);
      const y = state.log ? shown.map((v) => Math.max(1e-12, v - lowest)) : shown;
      const name = state.log ? "loss above the lowest" : "loss";
      const { color, dash, marker } = ctx.theme.meanings[state.momentum ? "momentum" : "gd"];
      plot.clear("data");
      const renamed = plot.names.y !== name;
      plot.names.y = name;
      if (!plot.setDomain({ x: [0, state.steps], y: range(run.losses, lowest, state.log), logY: state.log }) && renamed) plot.axes();
      if (!state.log) rule(plot, { y: lowest, text: "lowest" }, { color: ctx.theme.muted });
      const x = shown.map((_, k) => k);
      curve(plot, { x, y }, { color, dash, width: 3 });
      if (state.steps <= 80) points(plot, { x, y }, { color, marker, size: 6 });
      points(plot, { x: [t], y: [y[t]] }, { color, size: 12 });
      if (hover?.step >= 0) points(plot, { x: [hover.step], y: [y[hover.step]] }, { color: "#F0E442", edge: "#000000", size: 13 });
      plot.alt(`From ${format(shown[0])} to ${format(shown[t])} in ${t} steps.`);
    },
  };
}

/**
 * Return what to show: a run that diverges may leave the picture at the top.
 * @param {number[]} losses @param {number} lowest @param {boolean} log
 */
function range(losses, lowest, log) {
  if (log) {
    const above = losses.map((v) => v - lowest).filter((v) => v > 0);
    const bottom = Math.max(1e-8, Math.min(...above)), top = Math.max(losses[0] - lowest, 10 * bottom);
    return [10 ** Math.floor(Math.log10(bottom)), 10 ** Math.ceil(Math.log10(top) + 0.05)];
  }
  const size = Math.max(losses[0] - lowest, 1e-6);
  // A run that diverges is seen to rise, but does not press the rest flat.
  const highest = Math.max(...losses) - lowest;
  return [lowest - 0.06 * size, lowest + Math.min(Math.max(highest, size) * 1.08, 6 * size)];
}
