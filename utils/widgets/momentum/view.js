/** Momentum: the path, the two arrows that every step is made of, and the velocity of each axis. */
import { arrows } from "../kit/arrows.js";
import { radio, row, slider, toggle } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { momentumRun, slidesRun } from "../kit/math/inertia.js";
import { stabilityLimit } from "../kit/math/surfaces.js";
import { tiltedBowl } from "../kit/math/tiltedBowl.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";
import { clock, columns, createMap, ground, startMark, trail } from "./map.js";

/** @typedef {import("../kit/plot.js").Plot} Plot */
/** @typedef {ReturnType<typeof compute>} Model */

const KEPT = "#ffffff", FRESH = "#F0E442";

export default widget((ctx) => {
  const { steps, show, cut, goal } = ctx.config.options;
  const map = createMap(ctx);
  const chart = createPlot(ctx, { label: "Step along each axis", height: 250, x: { label: "step", domain: [0, steps] }, y: { label: "moved by", domain: [-1, 1] } });
  const legend = el("p", { class: "cw-help" });
  const side = el("div", {}, chart.element, legend);
  const box = el("div", { class: "momentum-panes" }, map.element, side);
  const has = (/** @type {string} */ name) => show.includes(name);
  ctx.root.append(
    row(...(has("nesterov") ? [radio(ctx, "kind")] : []), clock(ctx, steps)),
    row(slider(ctx, "beta"), slider(ctx, "lr", { marks: () => [{ value: limit(ctx.state), label: "limit" }] }), slider(ctx, "steep"), slider(ctx, "t")),
    ...(has("slides") ? [row(toggle(ctx, "slides"), toggle(ctx, "cut"))] : []), box);
  ctx.help("Drag or click on the map to set the start, or move it with the arrow keys. White arrow: what is kept of the velocity. Yellow arrow: what the new gradient adds.");
  let surface = tiltedBowl(ctx.state.steep), old = surface.name;
  return {
    resize(width) {
      const two = width >= 560, each = two ? Math.floor((width - 14) / 2) : width;
      box.style.gridTemplateColumns = two ? "1fr 1fr" : "100%";
      map.resize(each);
      chart.resize(each);
    },
    update(state, changed) {
      if (changed.has("steep")) surface = tiltedBowl(state.steep);
      if (surface.name !== old || changed.has("theme") || changed.has("size")) {
        old = surface.name;
        map.axes();
        ground(map, surface);
        chart.axes();
      }
      const model = compute(surface, state, steps, cut);
      drawMap(map, model, state, ctx.theme);
      drawSteps(chart, model, state, ctx.theme);
      setText(legend, "Thick: with momentum; thin: gradient descent without it. Solid: along the valley (θ₁); dashed: across it (θ₂).");
      tell(ctx, model, state, goal);
    },
  };
});

/** @param {any} state */
function limit({ steep, beta, kind }) {
  return stabilityLimit(steep, beta, kind === "nesterov");
}

/** @param {import("../kit/math/surfaces.js").Surface} surface @param {any} state @param {number} steps @param {number} cutAt */
function compute(surface, state, steps, cutAt) {
  const o = { lr: state.lr, beta: state.beta, nesterov: state.kind === "nesterov", cut: state.cut ? cutAt : 0 };
  const run = momentumRun(surface, state.start, steps, o);
  const plain = momentumRun(surface, state.start, steps, { ...o, beta: 0, nesterov: false });
  const slides = slidesRun(surface, state.start, steps, o);
  const t = Math.min(state.t, run.path.length - 1), s = Math.min(state.t, slides.path.length - 1);
  // What PyTorch stores is the point ahead: without Nesterov both are the same.
  const gap = Math.hypot(...run.path[t].map((v, i) => v - slides.ahead[s][i]));
  const arrive = (/** @type {number[][]} */ path) => {
    let k = path.length;
    while (k > 0 && surface.value(path[k - 1]) <= 0.01) k--;
    return k < path.length ? k : -1;
  };
  return { surface, run, plain, slides, t, s, gap, arrival: arrive(run.path), plainArrival: arrive(plain.path) };
}

/** @param {Plot} plot @param {Model} model @param {any} state @param {any} theme */
function drawMap(plot, { run, plain, slides, t, s, surface }, state, theme) {
  const { color, dash, marker } = theme.meanings[state.kind];
  plot.clear("path");
  const flat = plain.path.slice(0, t + 1);
  trail(plot, flat, { color: theme.meanings.gd.color, width: 1.5, size: 0 });
  points(plot, columns(flat.slice(-1)), { layer: "path", color: theme.meanings.gd.color, edge: "#ffffff", size: 9 });
  if (state.slides) links(plot, slides, s);
  trail(plot, run.path.slice(0, t + 1), { color, dash, marker });
  startMark(plot, state.start);
  const from = run.path[t];
  points(plot, columns([from]), { layer: "path", color, marker, edge: "#000000", size: 12 });
  vectors(plot, run, t);
  plot.alt(`Step ${t}: with momentum loss ${format(surface.value(from))}.`);
}

/** Draw the slides' x, tied to the point ahead. @param {Plot} plot @param {{path: number[][], ahead: number[][]}} slides @param {number} s */
function links(plot, { path, ahead }, s) {
  for (let k = 0; k <= s; k++) curve(plot, columns([path[k], ahead[k]]), { layer: "path", color: "#ffffff", width: 1, dash: [2, 2] });
  trail(plot, path.slice(0, s + 1), { color: "#000000", width: 1.5, marker: "^", size: 7 });
  label(plot, { x: path[s][0], y: path[s][1] + 0.7, text: "x of the slides" }, { layer: "path" });
}

/** Draw the next step's two parts, enlarged until they can be seen. @param {Plot} plot @param {import("../kit/math/inertia.js").Parts} run @param {number} t */
function vectors(plot, run, t) {
  if (t >= run.kept.length) return;
  const [x, y] = run.path[t], a = run.kept[t], b = run.fresh[t];
  const pixels = Math.max(Math.hypot(...a), Math.hypot(...b)) * plot.box.width / 8;
  const k = [1, 2, 5, 10, 20, 50, 100].find((one) => one * pixels >= 45) ?? 100;
  const style = { layer: "path", edge: "#000000", width: 2.5 };
  arrows(plot, [{ x, y, dx: k * a[0], dy: k * a[1] }], { ...style, color: KEPT });
  arrows(plot, [{ x: x + k * a[0], y: y + k * a[1], dx: k * b[0], dy: k * b[1] }], { ...style, color: FRESH });
  if (k > 1) label(plot, { x: -3.9, y: -3.7, text: `arrows ${k} times as long` }, { layer: "path" });
}

/** @param {Plot} plot @param {Model} model @param {any} state @param {any} theme */
function drawSteps(plot, { run, plain, t }, state, theme) {
  const moves = (/** @type {any} */ one, /** @type {number} */ axis) => one.kept.map((/** @type {number[]} */ v, /** @type {number} */ k) => v[axis] + one.fresh[k][axis]);
  const all = [0, 1].map((axis) => moves(run, axis));
  const size = Math.max(0.05, ...all.flat().map(Math.abs).filter((v) => v < 4));
  plot.clear("data");
  plot.setDomain({ y: [-1.15 * size, 1.15 * size] });
  rule(plot, { y: 0 }, { color: theme.muted, dash: [] });
  rule(plot, { x: t }, { color: theme.muted });
  const kinds = [{ one: plain, width: 1.2, color: theme.meanings.gd.color }, { one: run, width: 3, color: theme.meanings[state.kind].color }];
  for (const { one, width, color } of kinds) {
    for (const axis of [0, 1]) {
      const y = moves(one, axis), x = y.map((/** @type {number} */ _, /** @type {number} */ k) => k);
      curve(plot, { x, y }, { color, width, dash: axis ? [6, 4] : [] });
      if (t < y.length) points(plot, { x: [t], y: [y[t]] }, { color, size: width > 2 ? 9 : 6 });
    }
  }
  plot.alt(`Step ${t}.`);
}

/** @param {any} ctx @param {Model} model @param {any} state @param {any} goal */
function tell(ctx, { surface, run, plain, t, gap, arrival, plainArrival }, state, goal) {
  const name = state.kind === "nesterov" ? "Nesterov" : "Momentum";
  const when = (/** @type {number} */ k, /** @type {boolean} */ left) => (left ? "jumps out" : k < 0 ? "is not there yet" : `stays below 0.01 from step ${k} on`);
  const loss = surface.value(run.path[t]);
  const parts = [`${name}: loss ${format(loss)} after ${t} steps; it ${when(arrival, run.left)}. Plain descent ${when(plainArrival, plain.left)}.`];
  if (state.slides) parts.push(gap < 1e-9 ? "The slides’ point ahead is exactly the point that PyTorch stores." : `The two forms are ${format(gap)} apart.`);
  ctx.announce(parts.join(" "));
  ctx.output("keep", format(1 / (1 - state.beta)));
  ctx.output("limit", format(limit(state)));
  ctx.output("plainlimit", format(2 / state.steep));
  ctx.output("loss", format(loss));
  ctx.output("gap", format(gap));
  ctx.output("arrival", arrival < 0 ? "never" : `${arrival}`);
  ctx.goal(goal ? arrival >= 0 && arrival <= goal : state.slides && gap > 0.01);
}
