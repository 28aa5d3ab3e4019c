/** A long bowl from above with a start to drag; shared by all widgets about it. */
import { contours } from "../kit/contours.js";
import { player } from "../kit/controls.js";
import { curve } from "../kit/curves.js";
import { heatmap } from "../kit/heatmap.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { heights } from "../descent/heights.js";

/** @typedef {import("../kit/plot.js").Plot} Plot */

/** @param {any} ctx */
export function createMap(ctx) {
  const plot = createPlot(ctx, {
    label: "Paths from above", aspect: 1,
    x: { label: "θ₁", domain: [-4, 4] }, y: { label: "θ₂", domain: [-4, 4] },
  });
  const clip = (/** @type {number} */ v) => Math.min(4, Math.max(-4, v));
  const begin = (/** @type {{x: number, y: number}} */ { x, y }, commit = false) => ctx.set({ start: [clip(x), clip(y)] }, { commit });
  plot.pointer({ down: (spot) => begin(spot), move: (spot) => begin(spot), up: (spot) => begin(spot, true) });
  plot.keyPoint({ label: "start of the path, moved by the arrow keys", get: () => ctx.state.start, set: ([x, y]) => begin({ x, y }, true) });
  return plot;
}

/** Draw what does not move. @param {Plot} plot @param {any} surface */
export function ground(plot, surface) {
  const { grid, levels, shade } = heights(surface);
  for (const layer of ["heat", "lines"]) plot.clear(layer);
  heatmap(plot, grid, { shade });
  contours(plot, grid, { levels, layer: "lines", color: "#ffffff", alpha: 0.5 });
  points(plot, { x: [0], y: [0] }, { layer: "lines", marker: "*", color: "#ffffff", edge: "#000000", size: 11 });
}

/** Draw a path with its points. @param {Plot} plot @param {number[][]} path @param {{color: string, dash?: number[], marker?: any, width?: number, size?: number, layer?: string}} style */
export function trail(plot, path, { color, dash = [], marker = "o", width = 2.5, size = 6, layer = "path" }) {
  const data = columns(path);
  curve(plot, data, { layer, color: "#ffffff", width: width + 2, alpha: 0.8 });
  curve(plot, data, { layer, color, dash, width });
  if (size) points(plot, data, { layer, color, marker, edge: "#ffffff", size });
}

/** @param {Plot} plot @param {number[]} start */
export function startMark(plot, start) {
  points(plot, columns([start]), { layer: "path", marker: "s", color: "#ffffff", edge: "#000000", size: 10 });
}

/** @param {number[][]} path */
export function columns(path) {
  return { x: path.map((p) => p[0]), y: path.map((p) => p[1]) };
}

/** Return the buttons that go through time. @param {any} ctx @param {number} steps */
export function clock(ctx, steps) {
  let played = -1;
  const go = (/** @type {number} */ t) => ctx.set({ t: Math.min(steps, Math.max(0, t)) });
  const play = player(ctx, {
    rewind: () => go(0), back: () => go(ctx.state.t - 1), step: () => go(ctx.state.t + 1), perSecond: 6,
    tick: () => {
      played = ctx.state.t < steps ? ctx.state.t + 1 : 0;
      go(played);
      return played < steps;
    },
  });
  ctx.bind((/** @type {any} */ state) => { if (play.playing() && state.t !== played) play.stop(); });
  return play.element;
}
