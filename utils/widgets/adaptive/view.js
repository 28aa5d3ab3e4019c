/** A rate for every axis: the path, what the step is the product of, and the rates over time. */
import { bars } from "../kit/bars.js";
import { radio, row, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { axisRun, shares } from "../kit/math/axisRates.js";
import { tiltedBowl } from "../kit/math/tiltedBowl.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";
import { clock, columns, createMap, ground, startMark, trail } from "../momentum/map.js";

/** @typedef {import("../kit/plot.js").Plot} Plot */
/** @typedef {ReturnType<typeof compute>} Model */

const AXES = ["#0072B2", "#E69F00"];

export default widget((ctx) => {
  const { steps, goal } = ctx.config.options;
  const map = createMap(ctx);
  const split = createPlot(ctx, { label: "Share of each axis", height: 190, x: { label: "", domain: [-0.6, 7.6] }, y: { label: "share in %", domain: [0, 100] } });
  const chart = createPlot(ctx, { label: "Learning rate of each axis", height: 190, x: { label: "step", domain: [0, steps] }, y: { label: "rate", domain: [0.01, 1], log: true } });
  const legend = el("p", { class: "cw-help" }, "Blue, solid: along θ₁. Orange, hatched or dashed: along θ₂.");
  const side = el("div", {}, split.element, chart.element, legend);
  const box = el("div", { class: "adaptive-panes" }, map.element, side);
  const memory = slider(ctx, "memory");
  ctx.root.append(row(radio(ctx, "kind"), clock(ctx, steps)),
    row(slider(ctx, "lr"), memory, slider(ctx, "steep"), slider(ctx, "turn"), slider(ctx, "t")), box);
  ctx.help("Drag or click on the map to set the start, or move it with the arrow keys. Thin: gradient descent at its best rate.");
  ctx.bind((state) => { memory.hidden = state.kind === "adagrad"; });
  let surface = tiltedBowl(ctx.state.steep, ctx.state.turn), old = "";
  return {
    resize(width) {
      const two = width >= 560, each = two ? Math.floor((width - 14) / 2) : width;
      box.style.gridTemplateColumns = two ? "1fr 1fr" : "100%";
      for (const plot of [map, split, chart]) plot.resize(each);
    },
    update(state, changed) {
      if (changed.has("steep") || changed.has("turn")) surface = tiltedBowl(state.steep, state.turn);
      if (surface.name !== old || changed.has("theme") || changed.has("size")) {
        old = surface.name;
        map.axes();
        ground(map, surface);
        chart.axes();
      }
      const model = compute(surface, state, steps);
      drawMap(map, model, state, ctx.theme);
      drawShares(split, model);
      drawRates(chart, model, ctx.theme);
      tell(ctx, model, state, goal);
    },
  };
});

/** @param {import("../kit/math/surfaces.js").Surface} surface @param {any} state @param {number} steps */
function compute(surface, state, steps) {
  const run = axisRun(state.kind, state, surface, state.start, steps);
  // The best rate of plain descent on a bowl of curvatures 1 and c.
  const plain = axisRun("gd", { lr: 2 / (1 + state.steep), memory: 0 }, surface, state.start, steps);
  const t = Math.min(state.t, run.path.length - 1);
  // Where the run has ended, the last step made stays in view.
  const k = Math.min(t, run.rates.length - 1);
  const signal = run.signals[k], rates = run.rates[k];
  return { surface, run, plain, t, signal, rates, step: signal.map((v, i) => v * rates[i]) };
}

/** @param {Plot} plot @param {Model} model @param {any} state @param {any} theme */
function drawMap(plot, { run, plain, t, surface }, state, theme) {
  const { color, dash, marker } = theme.meanings[state.kind];
  const shape = marker === "X" ? "s" : marker;
  plot.clear("path");
  const flat = plain.path.slice(0, t + 1);
  trail(plot, flat, { color: theme.meanings.gd.color, width: 1.5, size: 0 });
  points(plot, columns(flat.slice(-1)), { layer: "path", color: theme.meanings.gd.color, edge: "#ffffff", size: 9 });
  trail(plot, run.path.slice(0, t + 1), { color, dash, marker: shape });
  startMark(plot, state.start);
  points(plot, columns([run.path[t]]), { layer: "path", color, marker: shape, edge: "#000000", size: 12 });
  plot.alt(`Step ${t}: loss ${format(surface.value(run.path[t]))}.`);
}

/** @param {Plot} plot @param {Model} model */
function drawShares(plot, { signal, rates, step }) {
  const values = [signal, rates, step].flatMap((v) => [...shares(v).map((one) => 100 * one), 0]).slice(0, 8);
  plot.clear("data");
  drawBare(plot);
  bars(plot, values, {
    color: (k) => AXES[k % 3 ? 1 : 0], hatch: (k) => k % 3 === 1,
  });
  const c = plot.layer("data");
  c.font = "12px system-ui, sans-serif";
  c.fillStyle = plot.theme.text;
  c.textAlign = "center";
  c.textBaseline = "top";
  ["gradient", "× rate", "= step"].forEach((name, k) => c.fillText(name, plot.x(3 * k + 0.5), plot.box.top + plot.box.height + 6));
  plot.alt(values.filter((_, k) => k % 3 < 2).map((v) => `${Math.round(v)} %`).join(", "));
}

/** The numbers of the bars mean nothing: hide the ticks of that axis. @param {Plot} plot */
function drawBare(plot) {
  plot.axes();
  const { left, top, width, height } = plot.box;
  plot.layer("axes").clearRect(left - 8, top + height + 1, width + 20, 34);
}

/** @param {Plot} plot @param {Model} model @param {any} theme */
function drawRates(plot, { run, t }, theme) {
  const all = run.rates.flat().filter((v) => v > 0 && Number.isFinite(v));
  const low = 10 ** Math.floor(Math.log10(Math.min(...all))), high = 10 ** Math.ceil(Math.log10(Math.max(...all) * 1.01));
  plot.clear("data");
  plot.setDomain({ y: [low, Math.min(high, low * 1e6)], logY: true });
  rule(plot, { x: t }, { color: theme.muted });
  for (const axis of [0, 1]) {
    const y = run.rates.map((v) => v[axis]), x = y.map((_, k) => k);
    curve(plot, { x, y }, { color: AXES[axis], width: 3, dash: axis ? [6, 4] : [] });
    if (t < y.length) points(plot, { x: [t], y: [y[t]] }, { color: AXES[axis], marker: axis ? "s" : "o", size: 9 });
  }
  plot.alt(`Step ${t}.`);
}

/** @param {any} ctx @param {Model} model @param {any} state @param {number} goal */
function tell(ctx, { surface, run, plain, t, rates, signal, step }, state, goal) {
  const loss = surface.value(run.path[t]);
  const gradient = shares(signal), moved = shares(step), per = (/** @type {number} */ v) => `${Math.round(100 * v)} %`;
  const text = `${t} steps: loss ${format(loss)}; gradient descent at its best rate ${format(surface.value(plain.path[Math.min(state.t, plain.path.length - 1)]))}. `
    + `Next step: θ₂ has ${per(gradient[1])} of the gradient and ${per(moved[1])} of the step.`;
  ctx.announce(text);
  ctx.output("rate1", format(rates[0]));
  ctx.output("rate2", format(rates[1]));
  ctx.output("ratio", format(rates[0] / rates[1]));
  ctx.output("loss", format(loss));
  const end = surface.value(run.path[run.path.length - 1]);
  ctx.goal(state.turn >= 45 && !run.left && end < goal);
}
