/** Bars for the gradient of each layer on a logarithmic axis, and how far the values spread. */
import { FONT } from "../kit/axes.js";
import { button, row, select, slider } from "../kit/controls.js";
import { curve, fillBetween } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { gradientFlow, randomBatch, randomWeights } from "../kit/math/flow.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

const LOWEST = 1e-30;
const GOOD_GAINS = /** @type {Record<string, {value: number, label: string}[]>} */ ({
  sigmoid: [], tanh: [{ value: 1, label: "1: Xavier" }], relu: [{ value: Math.SQRT2, label: "√2: He" }],
});

export default widget((ctx) => {
  const { width: units, batch } = ctx.config.options;
  const x = { label: "layer, from input to output", domain: [0.4, 12.6] };
  const back = createPlot(ctx, { label: "Length of the gradient in each layer", height: 270, x, y: { label: "length of ∂L/∂W", domain: [0.01, 1], log: true } });
  const forth = createPlot(ctx, { label: "Spread of the values in each layer", height: 270, x, y: { label: "spread of h (forward)", domain: [0.01, 1], log: true } });
  const other = ctx.config.fields.seed;
  ctx.root.append(
    el("div", { class: "cw-columns" }, back.element, forth.element),
    row(slider(ctx, "depth"), slider(ctx, "gain", { marks: () => GOOD_GAINS[ctx.state.activation] })),
    row(select(ctx, "activation"), button(ctx, "Other random weights", () => ctx.set({ seed: (ctx.state.seed % other.high) + 1 }), { name: "seed" })),
  );
  ctx.help("Left: what the backward pass brings to each layer. Right: what the forward pass leaves in it. Both axes are logarithmic; the green band is the goal.");

  return {
    resize(width) {
      const one = width >= 576 ? Math.floor((width - 16) / 2) : width;
      back.resize(one);
      forth.resize(one);
    },
    update(state, changed) {
      const sizes = [...Array.from({ length: state.depth }, () => units), 1];
      const weights = randomWeights(sizes, state.gain, state.seed);
      const flow = gradientFlow(weights, randomBatch(batch, units, state.seed + 1000), randomBatch(batch, 1, state.seed + 2000), state.activation);
      const norms = flow.norms.map((v) => Math.max(LOWEST, v));
      for (const plot of [back, forth]) if (changed.has("theme")) plot.axes();
      drawBars(ctx, back, norms);
      drawSpread(ctx, forth, flow.spreads.slice(0, -1));
      tell(ctx, norms, state);
    },
  };
});

/** Whole powers of ten around some numbers, two at least. @param {number[]} values */
function decades(values) {
  const logs = values.map((v) => Math.log10(Math.max(LOWEST, v)));
  const high = Math.ceil(Math.max(...logs) + 0.05), low = Math.floor(Math.min(...logs) - 0.05);
  return [10 ** Math.min(low, high - 3), 10 ** high];
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {number[]} norms */
function drawBars(ctx, plot, norms) {
  const { meanings, text, warning, good } = ctx.theme, { small, large } = ctx.config.options;
  plot.setDomain({ x: [0.4, norms.length + 0.6], y: decades([0.05, 20, ...norms]) });
  plot.clear("data");
  const bottom = plot.box.top + plot.box.height;
  // Where learning is possible with one rate for all layers.
  fillBetween(plot, { x: plot.xScale.domain, low: small, high: [large, large] }, { color: good, alpha: 0.15 });
  plot.clipped("data", (c) => {
    norms.forEach((norm, k) => {
      const left = plot.x(k + 0.62), right = plot.x(k + 1.38), top = plot.y(norm);
      c.fillStyle = k === 0 ? warning : meanings.gd.color;
      c.fillRect(left, top, right - left, bottom - top);
      c.strokeStyle = text;
      c.lineWidth = 1;
      c.strokeRect(left, top, right - left, bottom - top);
    });
  });
  const c = plot.layer("data");
  c.font = FONT;
  c.fillStyle = warning;
  c.textAlign = "left";
  c.textBaseline = "bottom";
  const y = Math.max(plot.y(norms[0]), plot.box.top + 16);
  c.fillText("first", plot.x(0.62), y - 2);
  plot.alt(`First layer ${formatNumber(norms[0], 2)}, last ${formatNumber(norms[norms.length - 1], 2)}.`);
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {number[]} spreads */
function drawSpread(ctx, plot, spreads) {
  const { color } = ctx.theme.series[2], x = spreads.map((_, k) => k + 1);
  plot.setDomain({ x: [0.4, spreads.length + 1.6], y: decades([1, ...spreads]) });
  plot.clear("data");
  curve(plot, { x, y: spreads }, { color, width: 2.5 });
  points(plot, { x, y: spreads }, { color, marker: "^", size: 9 });
}

/** @param {import("../kit/widget.js").Context} ctx @param {number[]} norms @param {import("../kit/state.js").State} state */
function tell(ctx, norms, { depth, activation, gain }) {
  const { small, large } = ctx.config.options, label = activation === "relu" ? "ReLU" : activation;
  const most = Math.max(...norms), least = Math.min(...norms);
  const verdict = most > large ? "The gradient explodes" : least < small ? "The gradient vanishes on its way down" : "The gradient arrives everywhere";
  ctx.announce(`${depth} ${label} layers, gain ${formatNumber(gain)}. Length of the gradient: ${formatNumber(norms[depth - 1], 2)} in the last layer, ${formatNumber(norms[0], 2)} in the first. ${verdict}.`);
  ctx.goal(depth >= 20 && most <= large && least >= small);
}
