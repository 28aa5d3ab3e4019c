/** The four figures: contour, cloud, loss per step, loss per epoch. */
import { arrows } from "../kit/arrows.js";
import { contours } from "../kit/contours.js";
import { curve, rule } from "../kit/curves.js";
import { heatmap } from "../kit/heatmap.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { format } from "../kit/scale.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Curve} Curve */

const LEVELS = [0.47, 0.5, 0.55, 0.62, 0.7, 0.85, 1, 1.25, 1.5, 1.8, 2.2, 2.6];

/** @param {any} ctx @param {any} model */
export function createContour(ctx, model) {
  const { reach } = ctx.config.options;
  const plot = createPlot(ctx, {
    label: "Loss of all notes over both weights", aspect: 1,
    x: { label: "θ₁: weight of brightness", domain: [-reach, reach] }, y: { label: "θ₂: weight of decay", domain: [-reach, reach] },
  });
  return {
    plot,
    ground() {
      plot.clear("heat");
      heatmap(plot, model.grid, { shade: Math.log });
      contours(plot, model.grid, { levels: LEVELS, color: "#ffffff", alpha: 0.45 });
      points(plot, columns([model.rest]), { layer: "heat", marker: "*", color: "#ffffff", edge: "#000000", size: 11 });
    },
    /** @param {Model} now @param {any} state */
    draw({ own, t, theta, cloud, gradient }, state) {
      const { color } = ctx.theme.meanings.train;
      const path = columns(own.path.slice(0, t + 1)), style = { layer: "path" };
      plot.clear("path");
      // A long path would be nothing but its white rim.
      if (t <= 100) curve(plot, path, { ...style, color: "#ffffff", width: 4 });
      curve(plot, path, { ...style, color, width: 1.8 });
      if (t <= 80) points(plot, path, { ...style, color, edge: "#ffffff", size: 5 });
      const land = { x: cloud.x.map((g) => theta[0] - state.lr * g), y: cloud.y.map((g) => theta[1] - state.lr * g) };
      points(plot, land, { ...style, color: "#E69F00", edge: "#E69F00", size: 3, alpha: 0.7 });
      arrows(plot, [{ x: theta[0], y: theta[1], dx: -state.lr * gradient[0], dy: -state.lr * gradient[1] }], { ...style, color: "#ffffff", edge: "#000000" });
      points(plot, columns([own.path[0]]), { ...style, marker: "s", color: "#ffffff", edge: "#000000", size: 10 });
      points(plot, columns([theta]), { ...style, color, edge: "#ffffff", size: 12 });
      plot.alt(`Step ${t} at θ = (${format(theta[0])}, ${format(theta[1])}).`);
    },
  };
}

/** @param {any} ctx */
export function createCloud(ctx) {
  const plot = createPlot(ctx, {
    label: "Gradients of 200 random batches at the current point", aspect: 1,
    x: { label: "slope along θ₁", domain: [-1, 1] }, y: { label: "slope along θ₂", domain: [-1, 1] },
  });
  return {
    plot,
    /** @param {Model} now */
    draw({ cloud, gradient, noise }) {
      plot.clear("data");
      rule(plot, { x: 0 });
      rule(plot, { y: 0 });
      points(plot, cloud, { color: "#E69F00", edge: "#E69F00", marker: "o", size: 4, alpha: 0.75 });
      const to = { x: 0, y: 0, dx: gradient[0], dy: gradient[1] };
      arrows(plot, [to], { color: plot.theme.text, edge: plot.theme.background, width: 2.5, head: 10 });
      label(plot, { x: gradient[0], y: gradient[1], text: "all notes" });
      plot.alt(`The gradient of all notes has length ${format(Math.hypot(...gradient), 2)}, the noise of a batch ${format(noise, 2)}.`);
    },
  };
}

/**
 * A pane of losses; steps or epochs to the right, the same loss axis in both.
 * @param {any} ctx @param {{label: string, name: string, end: number, part: (c: Curve, k: number) => number}} options
 */
export function createLosses(ctx, { label: what, name, end, part }) {
  const plot = createPlot(ctx, {
    label: what, height: 230, x: { label: name, domain: [0, end] }, y: { label: "loss of all notes", domain: [0, 1] },
  });
  return {
    plot,
    /** @param {Model} now @param {number[]} range */
    draw({ own, others, t, lowest }, range) {
      plot.setDomain({ y: range });
      plot.clear("data");
      rule(plot, { y: lowest, text: "lowest" });
      for (const one of others) draw(one, one.path.length, styleOf(one.batch, ctx.theme), 1.6);
      const seen = draw(own, t, { ...ctx.theme.meanings.train, dash: [] }, 3.5);
      const now = part(own, own.at[seen - 1]);
      points(plot, { x: [now], y: [own.losses[seen - 1]] }, { color: ctx.theme.meanings.train.color, size: 11 });
      plot.alt(`Loss from ${format(own.losses[0])} to ${format(own.losses[seen - 1])}.`);
    },
  };

  /** @param {Curve} one @param {number} until @param {any} style @param {number} width */
  function draw(one, until, { color, dash }, width) {
    let n = 0;
    while (n < one.at.length && one.at[n] <= until) n++;
    curve(plot, { x: one.at.slice(0, n).map((k) => part(one, k)), y: one.losses.slice(0, n) }, { color, dash, width });
    return n;
  }
}

/** Return one look a batch size, the same in the legend. @param {number} batch @param {any} theme */
export function styleOf(batch, theme) {
  return batch === 1 ? theme.series[3] : batch === 16 ? theme.series[2] : theme.series[1];
}

/** @param {ArrayLike<number>[]} path */
function columns(path) {
  return { x: path.map((p) => p[0]), y: path.map((p) => p[1]) };
}
