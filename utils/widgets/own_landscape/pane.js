/** One network's landscape: from above or in 3-D, with the way of its training. */
import { contours } from "../kit/contours.js";
import { curve } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { heatmap } from "../kit/heatmap.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { createSurface3d } from "../kit/surface3d.js";

/** @typedef {{x: number[], y: number[], size: number, values: ArrayLike<number>, computed: number, trajectory?: number[][], explained?: number[]}} Seen */
/** @typedef {{name: string, parameters: number, losses: number[], planes: Record<string, Seen>}} Network */
/** @typedef {{low: number, high: number, levels: number[]}} Range of the loss, the same in all panes */

/** @param {any} ctx */
export function createPane(ctx) {
  const plot = createPlot(ctx, {
    label: "Loss from above", aspect: 1, x: { label: "along δ", domain: [-1, 1] }, y: { label: "along η", domain: [-1, 1] },
  });
  const relief = createSurface3d(ctx, {
    label: "Loss as a landscape", names: ["δ", "η"], turn: (view) => ctx.set(view, { commit: false }),
    view: () => ({ azimuth: ctx.state.azimuth, elevation: ctx.state.elevation }),
  });
  const title = el("h4", {}), note = el("p", { class: "cw-help" });
  /** Grids are kept, so that colors and lines are only made once. @type {WeakMap<object, any>} */
  const grids = new WeakMap();
  const gridOf = (/** @type {Seen} */ seen) => {
    const { size, x, y, values } = seen;
    if (!grids.has(seen)) grids.set(seen, { values: Float64Array.from(values, Math.log), rows: size, cols: size, x, y });
    return grids.get(seen);
  };
  return {
    element: el("div", {}, title, plot.element, relief.element, note),
    plot, relief,
    /** @param {Network} network @param {any} state @param {Range} range @param {boolean} fresh */
    draw(network, state, range, fresh) {
      const seen = network.planes[state.plane], flat = state.view === "contour";
      setText(title, `${network.name}${network.losses.length ? `, trained to a loss of ${format(network.losses[network.losses.length - 1], 2)}` : ""}`);
      plot.element.hidden = !flat || !seen;
      relief.element.hidden = flat || !seen;
      setText(note, words(network, seen, state.plane));
      if (!seen) return;
      const grid = gridOf(seen), path = seen.trajectory ?? [], at = Math.round(state.t / 100 * (path.length - 1));
      if (flat) above(plot, { grid, seen, path, at, range, fresh });
      else inSpace(relief, { grid, path, at, range, fresh, color: ctx.theme.meanings.train.color });
    },
  };
}

/** @param {Network} network @param {Seen | undefined} seen @param {string} plane */
function words(network, seen, plane) {
  if (!seen) return plane === "path" ? "No snapshots of its training: only the random plane can be drawn." : "Not looked at yet.";
  const share = (seen.explained ?? []).map((part) => `${Math.round(100 * part)} %`);
  const lies = share.length ? ` Of the way, ${share.join(" + ")} lie in this plane.` : "";
  const coarse = seen.computed < 1 ? ` Coarse: ${Math.round(100 * seen.computed)} % computed.` : "";
  return `${network.parameters} parameters.${lies}${coarse}`;
}

/** @param {import("../kit/plot.js").Plot} plot @param {{grid: any, seen: Seen, path: number[][], at: number, range: Range, fresh: boolean}} model */
function above(plot, { grid, seen, path, at, range, fresh }) {
  if (fresh) {
    plot.setDomain({ x: seen.x, y: seen.y });
    plot.axes();
    plot.clear("heat");
    heatmap(plot, grid, { range: [range.low, range.high] });
    contours(plot, grid, { levels: range.levels, color: "#ffffff", alpha: 0.5 });
  }
  plot.clear("path");
  const style = { layer: "path" }, now = path.slice(0, at + 1);
  const columns = { x: now.map((p) => p[0]), y: now.map((p) => p[1]) };
  curve(plot, columns, { ...style, color: "#ffffff", width: 4.5 });
  curve(plot, columns, { ...style, color: plot.theme.meanings.train.color, width: 2 });
  points(plot, columns, { ...style, color: plot.theme.meanings.train.color, edge: "#ffffff", size: 6 });
  points(plot, { x: [0], y: [0] }, { ...style, marker: "*", color: "#ffffff", edge: "#000000", size: 12 });
  if (path.length) points(plot, { x: [path[at][0]], y: [path[at][1]] }, { ...style, color: plot.theme.meanings.train.color, edge: "#ffffff", size: 12 });
  plot.alt(`Loss from ${format(Math.min(...Array.from(seen.values)), 2)} to ${format(Math.max(...Array.from(seen.values)), 2)}.`);
}

/** @param {any} relief @param {{grid: any, path: number[][], at: number, range: Range, fresh: boolean, color: string}} model */
function inSpace(relief, { grid, path, at, range, fresh, color }) {
  const part = (/** @type {number} */ v) => Math.min(1, Math.max(0, (v - range.low) / (range.high - range.low)));
  if (fresh) relief.mesh({ ...grid, values: grid.values.map(part) });
  const place = (/** @type {number[]} */ p) => ({ x: p[0], y: p[1], z: part(heightAt(grid, p)) + 0.01 });
  const way = path.length ? path.slice(0, at + 1).map(place) : [place([0, 0])];
  relief.path(way, way.length - 1, { color, marks: [place([0, 0])] });
}

/**
 * Return the height between the points of a grid.
 * @param {{values: ArrayLike<number>, rows: number, cols: number, x: number[], y: number[]}} grid @param {number[]} p
 */
export function heightAt({ values, rows, cols, x, y }, p) {
  const u = Math.min(cols - 1.001, Math.max(0, (p[0] - x[0]) / (x[1] - x[0]) * (cols - 1)));
  const v = Math.min(rows - 1.001, Math.max(0, (p[1] - y[0]) / (y[1] - y[0]) * (rows - 1)));
  const i = Math.floor(u), j = Math.floor(v), a = u - i, b = v - j, k = j * cols + i;
  return (1 - b) * ((1 - a) * values[k] + a * values[k + 1]) + b * ((1 - a) * values[k + cols] + a * values[k + cols + 1]);
}

/**
 * Return the logarithms of the least and the greatest loss of all networks on a plane.
 * @param {Network[]} networks @param {string} plane @returns {Range}
 */
export function rangeOf(networks, plane) {
  let low = Infinity, high = -Infinity;
  for (const { planes } of networks) {
    const values = planes[plane]?.values ?? [];
    for (let k = 0; k < values.length; k++) {
      low = Math.min(low, values[k]);
      high = Math.max(high, values[k]);
    }
  }
  if (!(low < high)) [low, high] = [1, 10];
  const from = Math.log(low), to = Math.log(high);
  return { low: from, high: to, levels: Array.from({ length: 12 }, (_, k) => from + (k + 0.5) * (to - from) / 12) };
}
