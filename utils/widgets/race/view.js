/** Optimizers from one start: their paths, their losses, and who is ahead. */
import { contours } from "../kit/contours.js";
import { player, row, select, slider, toggle } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { heatmap } from "../kit/heatmap.js";
import { softmaxPlane } from "../kit/math/plane.js";
import { SURFACES } from "../kit/math/surfaces.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";
import { heights } from "../descent/heights.js";
import { RUNNERS, createRuns, standings } from "./runners.js";

/** @typedef {import("../kit/plot.js").Plot} Plot */

export default widget((ctx) => {
  const { steps, rates, plane } = ctx.config.options;
  const notes = plane && softmaxPlane(["z0", "z1", "z2"].map(ctx.data), ctx.data("targets"), plane);
  const surfaceOf = (/** @type {any} */ state) => (state.surface === "notes" ? notes : SURFACES[state.surface]);
  const runsOf = createRuns(steps);
  const map = createPlot(ctx, { label: "Paths from above", aspect: 1, x: { label: plane ? "a" : "θ₁", domain: [-1, 1] }, y: { label: plane ? "b" : "θ₂", domain: [-1, 1] } });
  const chart = createPlot(ctx, { label: "Loss of each step", height: 300, x: { label: "step", domain: [0, steps] }, y: { label: "loss", domain: [0, 1] } });
  const order = el("p", { class: "race-order" });
  const box = el("div", { class: "race-panes" }, map.element, chart.element);
  ctx.root.append(...controls(ctx, steps), box, order);
  ctx.help("Drag or click on the map to set the start, or move it with the arrow keys. Drag on the loss curves to go through time.");
  const begin = (/** @type {any} */ { x, y }, commit = false) => ctx.set({ start: [x, y] }, { commit });
  map.pointer({ down: (spot) => begin(spot), move: (spot) => begin(spot), up: (spot) => begin(spot, true) });
  map.keyPoint({ label: "start of the race, moved by the arrow keys", get: () => ctx.state.start, set: ([x, y]) => begin({ x, y }, true) });
  const scrub = (/** @type {any} */ { x }, commit = false) => ctx.set({ t: Math.min(steps, Math.max(0, Math.round(x))) }, { commit });
  chart.pointer({ down: (spot) => scrub(spot), move: (spot) => scrub(spot), up: (spot) => scrub(spot, true) });

  return {
    resize(width) {
      const two = width >= 560;
      box.style.gridTemplateColumns = two ? "1fr 1fr" : "100%";
      for (const plot of [map, chart]) plot.resize(two ? Math.floor((width - 14) / 2) : width);
    },
    update(state, changed) {
      const fresh = ["surface", "theme", "size"].some((key) => changed.has(key));
      if (changed.has("surface") && !changed.has("start") && !changed.has("size")) {
        ctx.set({ start: surfaceOf(state).start, ...rates[state.surface] });
        state = ctx.state;
      }
      const surface = surfaceOf(state);
      const runs = runsOf(surface, state);
      if (fresh) {
        ground(map, surface);
        chart.axes();
      }
      paths(map, runs, state, ctx.theme);
      losses(chart, surface, runs, state, ctx.theme);
      tell(ctx, order, runs, state);
    },
  };
});

/** @param {any} ctx @param {number} steps */
function controls(ctx, steps) {
  let played = -1;
  const go = (/** @type {number} */ t) => ctx.set({ t: Math.min(steps, Math.max(0, t)) });
  const play = player(ctx, {
    rewind: () => go(0), back: () => go(ctx.state.t - 1), step: () => go(ctx.state.t + 1), perSecond: 12,
    tick: () => {
      played = ctx.state.t < steps ? ctx.state.t + 1 : 0;
      go(played);
      return played < steps;
    },
  });
  const lanes = RUNNERS.filter(({ key }) => ctx.config.options.runners.includes(key)).map(({ key, extra }) => {
    const swatch = el("span", { class: "race-swatch", "aria-hidden": "true" });
    swatch.style.background = ctx.theme.meanings[key].color;
    const sliders = el("div", { class: "race-sliders" }, slider(ctx, `lr_${key}`, { label: "η" }), ...(extra ? [slider(ctx, extra)] : []));
    return { key, sliders, element: el("div", { class: "race-lane" }, swatch, toggle(ctx, key), sliders) };
  });
  const seed = slider(ctx, "seed");
  ctx.bind((/** @type {any} */ state) => {
    for (const { key, sliders } of lanes) sliders.hidden = !state[key];
    seed.hidden = !state.noise;
    if (play.playing() && state.t !== played) play.stop();
  });
  const { surfaces } = ctx.config.options;
  return [
    row(...(surfaces.length > 1 ? [select(ctx, "surface", { options: surfaces })] : []), play.element),
    row(slider(ctx, "t"), slider(ctx, "noise"), seed), ...lanes.map(({ element }) => element), row(toggle(ctx, "log")),
  ];
}

/** @param {Plot} plot @param {any} surface */
function ground(plot, surface) {
  const { grid, levels, shade } = heights(surface);
  plot.setDomain({ x: surface.bounds[0], y: surface.bounds[1] });
  plot.axes();
  for (const layer of ["heat", "lines"]) plot.clear(layer);
  heatmap(plot, grid, { shade });
  contours(plot, grid, { levels, layer: "lines", color: "#ffffff", alpha: 0.5 });
  points(plot, { x: surface.minima.map((/** @type {number[]} */ p) => p[0]), y: surface.minima.map((/** @type {number[]} */ p) => p[1]) },
    { layer: "lines", marker: "*", color: "#ffffff", edge: "#000000", size: 11 });
}

/** @param {Plot} plot @param {any[]} runs @param {any} state @param {any} theme */
function paths(plot, runs, { t, start }, theme) {
  plot.clear("path");
  for (const { run, key } of runs) {
    const shown = run.path.slice(0, t + 1);
    const data = { x: shown.map((/** @type {number[]} */ p) => p[0]), y: shown.map((/** @type {number[]} */ p) => p[1]) };
    const { color, dash } = theme.meanings[key];
    curve(plot, data, { layer: "path", color: "#ffffff", width: 4.5, alpha: 0.8 });
    curve(plot, data, { layer: "path", color, dash, width: 2.5 });
  }
  points(plot, { x: [start[0]], y: [start[1]] }, { layer: "path", marker: "s", color: "#ffffff", edge: "#000000", size: 10 });
  /** @type {number[][]} */
  const named = [];
  for (const { run, key, name } of runs) {
    const { color, marker } = theme.meanings[key], p = run.path[Math.min(t, run.path.length - 1)];
    points(plot, { x: [p[0]], y: [p[1]] }, { layer: "path", color, marker: marker === "X" ? "D" : marker, edge: "#ffffff", size: 13 });
    const at = [plot.x(p[0]), plot.y(p[1])];
    // Names on top of each other say nothing; the order below the plots has them all.
    if (!t || named.some(([x, y]) => Math.abs(x - at[0]) < 80 && Math.abs(y - at[1]) < 20)) continue;
    named.push(at);
    label(plot, { x: p[0], y: p[1], text: name }, { layer: "path" });
  }
  plot.alt(`${runs.length} paths up to step ${t}.`);
}

/** @param {Plot} plot @param {any} surface @param {any[]} runs @param {any} state @param {any} theme */
function losses(plot, surface, runs, { t, log }, theme) {
  const { low } = heights(surface);
  const first = runs.length ? runs[0].run.losses[0] : low + 1;
  const size = Math.max(first - low, 1e-6), least = 1e-5 * size;
  const height = (/** @type {number} */ v) => (log ? Math.max(v - low, least) : v);
  plot.names.y = log ? "loss above the lowest" : "loss";
  plot.clear("data");
  const range = log ? [least, 3 * size] : [low - 0.05 * size, low + 1.4 * size];
  if (!plot.setDomain({ y: range, logY: log })) plot.axes();
  rule(plot, { x: t }, { color: theme.muted });
  for (const { run, key } of runs) {
    const y = run.losses.map(height), { color, dash, marker } = theme.meanings[key];
    curve(plot, { x: y.map((/** @type {number} */ _, /** @type {number} */ k) => k), y }, { color, dash, width: 2.5 });
    if (t < y.length) points(plot, { x: [t], y: [y[t]] }, { color, marker: marker === "X" ? "D" : marker, size: 10 });
  }
  plot.alt(`Losses at step ${t} are listed below.`);
}

/** @param {any} ctx @param {HTMLElement} order @param {any[]} runs @param {any} state */
function tell(ctx, order, runs, state) {
  const places = standings(runs, state.t);
  const all = places.map(({ name, lost, left, loss }, k) => `${k + 1}. ${name} ${lost ? `(diverged at step ${left})` : format(loss)}`);
  setText(order, `Loss at step ${state.t}: ${all.join(" · ") || "nobody runs"}`);
  const leader = places.find(({ lost }) => !lost);
  const lost = places.filter((one) => one.lost).map(({ name }) => name);
  ctx.announce([
    leader ? `At step ${state.t} ${state.t ? `${leader.name} is ahead with loss ${format(leader.loss)}` : "all stand at the start"}.` : "Nobody is on the landscape.",
    lost.length ? `Diverged: ${lost.join(", ")}.` : "",
  ].join(" ").trim());
  ctx.output("leader", leader?.name ?? "nobody");
  ctx.output("loss", leader ? format(leader.loss) : "none");
  const { winner, steps } = ctx.config.options.goal;
  ctx.goal(places.length > 1 && standings(runs, steps)[0].key === winner);
}
