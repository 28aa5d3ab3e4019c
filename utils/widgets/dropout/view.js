/** A net whose hidden units are switched off by a mask, and how the outputs of all nets spread. */
import { button, radio, row, slider, toggle } from "../kit/controls.js";
import { rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { histogram } from "../kit/histogram.js";
import { createPlot } from "../kit/plot.js";
import { label } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { allNets, dropoutMask, forward, moments } from "../kit/math/dropoutNet.js";
import { uniform } from "../kit/math/random.js";
import { createNet } from "./net.js";

/** @typedef {import("../kit/math/dropoutNet.js").Pass} Pass */
/** @typedef {{mean: number, deviation: number, counts: Float64Array, range: number[]}} Spread */

const BINS = 48;

export default widget((ctx) => {
  const { net, input } = ctx.config.options;
  const picture = createNet(net, input);
  const plot = createPlot(ctx, { label: "Outputs of all nets", height: 270, x: { label: "output", domain: [-1, 1] }, y: { label: "probability", domain: [0, 0.2] } });
  const last = ctx.config.fields.mask.high ?? 100;
  const next = button(ctx, "Draw another mask", () => ctx.set({ mask: (ctx.state.mask % last) + 1, mode: "train" }), { name: "draw" });
  ctx.root.append(
    el("div", { class: "cw-columns" }, picture.root, plot.element),
    row(radio(ctx, "mode"), next, toggle(ctx, "scaled")),
    row(slider(ctx, "p"), slider(ctx, "mask"), slider(ctx, "averaged")),
  );
  const swipe = (/** @type {PointerEvent} */ event) => {
    const { left, width } = picture.root.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - left) / width));
    ctx.set({ mask: 1 + Math.round(part * (last - 1)), mode: "train" }, { commit: event.type === "pointerup" });
  };
  ctx.on(picture.root, "pointerdown", (event) => {
    picture.root.setPointerCapture(event.pointerId);
    swipe(event);
  });
  for (const type of ["pointermove", "pointerup"]) {
    ctx.on(picture.root, type, (event) => {
      if (picture.root.hasPointerCapture(event.pointerId)) swipe(event);
    });
  }
  ctx.help("Swipe over the net to draw one mask after the other; crossed-out units are off. The histogram is exact: all 1024 masks of the ten hidden units, each with its probability. Random weights, one note.");
  /** @type {Spread} */
  let spread;

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      picture.resize(each);
      plot.resize(each);
    },
    update(state, changed) {
      if (changed.has("p") || changed.has("scaled")) spread = survey(net, input, state);
      const ones = [1, 1, 1, 1, 1];
      const whole = forward(net, input, ones, ones);
      const [m1, m2] = state.mode === "train" ? masks(state) : [ones, ones];
      const pass = forward(net, input, m1, m2);
      if (changed.has("theme")) plot.axes();
      picture.draw(pass, [m1, m2], ctx.theme);
      draw(plot, spread, pass.output, whole.output, state);
      tell(ctx, plot, spread, pass.output, whole.output, [...m1, ...m2]);
    },
  };
});

/** @param {import("../kit/state.js").State} state */
function masks({ mask, p, scaled }) {
  const random = uniform(mask), numbers = Array.from({ length: 10 }, () => random());
  const all = dropoutMask(numbers, p, scaled);
  return [all.slice(0, 5), all.slice(5)];
}

/** @param {import("../kit/math/dropoutNet.js").Net} net @param {number[]} x @param {import("../kit/state.js").State} state @returns {Spread} */
function survey(net, x, { p, scaled }) {
  const all = allNets(net, x, p, scaled), { mean, deviation } = moments(all);
  const half = Math.max(0.5, 3.2 * deviation), range = [mean - half, mean + half];
  const counts = new Float64Array(BINS);
  all.outputs.forEach((v, i) => {
    const bin = Math.floor(((v - range[0]) / (2 * half)) * BINS);
    if (bin >= 0 && bin < BINS) counts[bin] += all.weights[i];
  });
  return { mean, deviation, counts, range };
}

/**
 * @param {import("../kit/plot.js").Plot} plot @param {Spread} spread
 * @param {number} output @param {number} whole @param {import("../kit/state.js").State} state
 */
function draw(plot, { mean, deviation, counts, range }, output, whole, { averaged, mode }) {
  const { theme } = plot, top = 1.45 * Math.max(...counts);
  const low = Math.min(range[0], whole, output) - 0.1, high = Math.max(range[1], whole, output) + 0.1;
  plot.setDomain({ x: [Math.floor(low * 2) / 2, Math.ceil(high * 2) / 2], y: [0, top] });
  plot.clear("data");
  histogram(plot, { counts, range }, { color: theme.series[5].color, alpha: 0.6 });
  const part = deviation / Math.sqrt(averaged), band = plot.layer("data");
  plot.clipped("data", () => {
    band.globalAlpha = 0.25;
    band.fillStyle = theme.text;
    band.fillRect(plot.x(mean - part), plot.y(top), plot.x(mean + part) - plot.x(mean - part), plot.box.height);
  });
  rule(plot, { x: mean }, { color: theme.text, dash: [6, 4], width: 2 });
  rule(plot, { x: whole }, { color: theme.series[2].color, dash: [], width: 3 });
  label(plot, { x: whole, y: 0.99 * top, text: "evaluation" }, { color: theme.series[2].color });
  label(plot, { x: mean, y: 0.83 * top, text: `mean ± σ${averaged > 1 ? `/√${averaged}` : ""}` });
  if (mode !== "train") return;
  rule(plot, { x: output }, { color: theme.series[1].color, dash: [3, 3], width: 3 });
  label(plot, { x: output, y: 0.74 * top, text: "this net" }, { color: theme.series[1].color });
}

/**
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {Spread} spread
 * @param {number} output @param {number} whole @param {number[]} mask
 */
function tell(ctx, plot, { mean, deviation }, output, whole, mask) {
  const { mode, averaged, scaled } = ctx.state, show = (/** @type {number} */ v) => v.toFixed(2).replace("-", "−");
  const off = mask.filter((m) => m === 0).length, part = deviation / Math.sqrt(averaged);
  const first = mode === "train" ? `Training: ${off} of 10 units are off, output ${show(output)}; evaluation would give ${show(whole)}.` : `Evaluation: every unit is on, output ${show(whole)}.`;
  const words = `${first} All 1024 nets: mean ${show(mean)}, standard deviation σ = ${show(deviation)}${averaged > 1 ? `; averages over ${averaged} nets only ± ${show(part)}` : ""}.`;
  ctx.output("output", show(output));
  ctx.output("evaluation", show(whole));
  ctx.output("mean", show(mean));
  ctx.output("deviation", show(deviation));
  ctx.output("averaged_deviation", show(part));
  ctx.announce(words);
  plot.alt(words);
  ctx.goal(!scaled && ctx.state.mask > 1 && ctx.state.p > 0);
}
