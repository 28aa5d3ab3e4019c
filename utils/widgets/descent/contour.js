/** The landscape from above, with the path on it. */
import { arrows } from "../kit/arrows.js";
import { contours } from "../kit/contours.js";
import { curve } from "../kit/curves.js";
import { heatmap, paint } from "../kit/heatmap.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { basinColors } from "./basins.js";
import { heights } from "./heights.js";
import { spot } from "./run.js";

/** @typedef {import("./run.js").Model} Model */
/** @typedef {{pane: string, x: number, y: number, step: number} | null} Hover */

/** @param {any} ctx */
export function createContour(ctx) {
  const plot = createPlot(ctx, {
    label: "Contour map of the loss", aspect: 1,
    x: { label: "θ₁", domain: [-1, 1] }, y: { label: "θ₂", domain: [-1, 1] },
  });
  return {
    plot,
    /** Draw what only depends on the landscape. @param {Model} model */
    ground({ surface }) {
      const { grid, levels, shade } = heights(surface);
      plot.setDomain({ x: surface.bounds[0], y: surface.bounds[1] });
      plot.clear("heat");
      for (const layer of ["basins", "lines", "names"]) plot.clear(layer);
      heatmap(plot, grid, { shade });
      contours(plot, grid, { levels, layer: "lines", color: "#ffffff", alpha: 0.5 });
      points(plot, columns(surface.minima), { layer: "lines", marker: "*", color: "#ffffff", edge: "#000000", size: 11 });
    },
    /** Draw the basins of attraction, or none. @param {any} surface @param {any} basins */
    basins(surface, basins) {
      plot.clear("basins");
      plot.clear("names");
      if (!basins) return;
      const picture = paint({ rows: basins.size, cols: basins.size }, basinColors(surface, basins));
      plot.clipped("basins", (c) => {
        const { left, top, width, height } = plot.box;
        c.imageSmoothingEnabled = false;
        c.drawImage(picture, left, top, width, height);
      });
      if (basins.minima.length > 4) return;
      basins.minima.forEach((/** @type {number[]} */ p, /** @type {number} */ k) =>
        label(plot, { x: p[0], y: p[1], text: String(k + 1) }, { layer: "names" }));
    },
    /** @param {Model} model @param {any} state @param {Hover} hover */
    draw(model, state, hover) {
      const { run, t, surface } = model;
      const path = run.path.slice(0, t + 1);
      const line = ctx.theme.meanings[state.momentum ? "momentum" : "gd"].color;
      plot.clear("path");
      if (state.arrows) {
        arrows(plot, path.slice(0, 60).map((p) => downhill(plot, surface, p)), { layer: "path", color: "#ffffff", edge: "#000000", width: 1.5, head: 6 });
      }
      curve(plot, columns(path), { layer: "path", color: "#ffffff", width: 5 });
      curve(plot, columns(path), { layer: "path", color: line, width: 2.5 });
      if (path.length <= 80) points(plot, columns(path), { layer: "path", color: line, edge: "#ffffff", size: 6 });
      points(plot, columns(path.slice(0, 1)), { layer: "path", marker: "s", color: "#ffffff", edge: "#000000", size: 10 });
      points(plot, columns(path.slice(-1)), { layer: "path", color: line, edge: "#ffffff", size: 12 });
      pointed(plot, model, hover);
      plot.alt(`${surface.name}; start at ${spot(model.start)}, step ${t} at ${spot(run.path[t])}.`);
    },
  };
}

/** @param {ArrayLike<number>[]} path */
function columns(path) {
  return { x: path.map((p) => p[0]), y: path.map((p) => p[1]) };
}

/**
 * Return an arrow down the slope whose length on the screen hardly depends on the landscape.
 * @param {import("../kit/plot.js").Plot} plot @param {any} surface @param {number[]} p
 */
function downhill(plot, surface, p) {
  const g = surface.gradient(p), size = Math.hypot(...g);
  const reference = Math.hypot(...surface.gradient(surface.start)) || 1;
  const pixels = size > 0 ? 10 + 28 * Math.tanh(size / reference) : 0;
  const [low, high] = plot.xScale.domain;
  const scale = pixels / (size || 1) * (high - low) / plot.box.width;
  return { x: p[0], y: p[1], dx: -g[0] * scale, dy: -g[1] * scale };
}

/** Mark what the pointer is at: a step, or the gradient of the place. @param {import("../kit/plot.js").Plot} plot @param {Model} model @param {Hover} hover */
function pointed(plot, { run, surface }, hover) {
  if (!hover) return;
  if (hover.step >= 0) {
    const [x, y] = run.path[hover.step];
    points(plot, { x: [x], y: [y] }, { layer: "path", color: "#F0E442", edge: "#000000", size: 13 });
    label(plot, { x, y, text: `step ${hover.step}: loss ${format(run.losses[hover.step])}` }, { layer: "path" });
    return;
  }
  if (hover.pane !== "contour") return;
  const p = [hover.x, hover.y], down = downhill(plot, surface, p);
  arrows(plot, [{ ...down, dx: -down.dx, dy: -down.dy }], { layer: "path", color: "#D55E00", edge: "#ffffff", width: 3 });
  arrows(plot, [down], { layer: "path", color: "#ffffff", edge: "#000000", width: 2 });
  label(plot, { x: p[0], y: p[1], text: `∇L = ${spot(surface.gradient(p))}` }, { layer: "path" });
}
