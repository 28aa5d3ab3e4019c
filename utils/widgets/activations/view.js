/** Activations of every layer, upright histograms, and their sizes. */
import { button, row, select, slider, toggle } from "../kit/controls.js";
import { FONT } from "../kit/axes.js";
import { curve, fillBetween, rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { binCounts } from "../kit/histogram.js";
import { forwardLayers, normalWeights, noteSpread, rootMeanSquare, stuckShare } from "../kit/math/signals.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";

const UNITS = 64, BINS = 41;
/** The axis of the sizes. */
const LEAST = 1e-4, MOST = 1e4;
/** @type {Record<string, string>} */
const STUCK = { tanh: "beyond ±0.97", relu: "exactly 0", sigmoid: "below 0.03 or above 0.97" };

export default widget((ctx) => {
  const inputs = ctx.data("inputs");
  let seed = -1, weights = normalWeights(0, 1, UNITS);
  const shapes = createPlot(ctx, {
    label: "Histogram of the activations of each layer", height: 300,
    x: { label: "layer (0: input)", domain: [-0.6, 8.6] }, y: { label: "activation", domain: [-1, 1] },
  });
  const sizes = createPlot(ctx, {
    label: "Size of the activations of each layer", height: 300,
    x: { label: "layer (0: input)", domain: [-0.6, 8.6] }, y: { label: "size (root mean square)", domain: [LEAST, MOST], log: true },
  });
  const note = el("p", { class: "cw-help" });
  const box = el("div", { class: "activations-panes" },
    el("div", {}, el("h4", {}, "What every layer puts out"), shapes.element, note),
    el("div", {}, el("h4", {}, "How large it is"), sizes.element));
  const gain = (/** @type {number} */ value, /** @type {string} */ text, /** @type {string} */ name) =>
    button(ctx, text, () => ctx.set({ gain: value }), { name });
  // Where there is no room for both names, the buttons have to do.
  const marks = () => (ctx.root.clientWidth < 560 ? [] : [{ value: 1, label: "Xavier" }, { value: Math.SQRT2, label: "He" }]);
  ctx.root.append(
    row(slider(ctx, "gain", { marks })),
    row(el("div", { class: "cw-buttons" }, gain(1, "Xavier: gain 1", "xavier"), gain(1.414, "He: gain √2", "he")), select(ctx, "activation")),
    row(toggle(ctx, "standardize"), toggle(ctx, "batch_norm")), row(slider(ctx, "layers"), slider(ctx, "seed")), box);

  return {
    resize(width) {
      const two = width >= 560;
      box.style.gridTemplateColumns = two ? "1fr 1fr" : "100%";
      for (const plot of [shapes, sizes]) plot.resize(two ? Math.floor((width - 14) / 2) : width);
    },
    update(state, changed) {
      if (seed !== state.seed) {
        seed = state.seed;
        weights = normalWeights(seed, ctx.config.options.most, UNITS);
      }
      const { layers, activation, standardize } = state;
      const options = { layers, gain: state.gain, activation, standardize, batchNorm: state.batch_norm };
      const signals = forwardLayers(inputs, weights, options), large = signals.map(rootMeanSquare);
      const reach = reachOf(activation, large), stuck = signals.map((one, l) => (l ? stuckShare(one, activation) : 0));
      if (changed.has("theme")) for (const plot of [shapes, sizes]) plot.axes();
      for (const plot of [shapes, sizes]) plot.setDomain({ x: [-0.6, layers + 0.6] });
      shapes.setDomain({ y: [-reach, reach] });
      drawShapes(shapes, signals, { reach, stuck, relu: activation === "relu" });
      drawSizes(sizes, large);
      note.textContent = activation in STUCK ? `In percent: how many of the activations are ${STUCK[activation]}, where the slope is (nearly) 0.` : "";
      const ratio = large[layers] / large[0];
      ctx.announce(`The input has the size ${format(large[0], 2)}, layer ${layers} has ${format(large[layers], 2)}: ${verdict(ratio, stuck, activation, noteSpread(signals[layers], UNITS))}.`);
      ctx.output("first", format(large[1], 2));
      ctx.output("last", format(large[layers], 2));
      ctx.output("ratio", format(ratio, 2));
      ctx.output("stuck", `${Math.round(100 * stuck[layers])} %`);
      const kept = large.every((v) => v >= large[0] / 2 && v <= 2 * large[0]);
      ctx.goal(activation === "relu" && !state.batch_norm && layers >= 4 && kept);
    },
  };
});

/** @param {number} ratio @param {number[]} stuck @param {string} activation @param {number} spread */
function verdict(ratio, stuck, activation, spread) {
  const worst = stuck.indexOf(Math.max(...stuck)), percent = Math.round(100 * stuck[worst]);
  if (!Number.isFinite(ratio) || ratio > 20) return "the signal explodes";
  if (activation !== "relu" && stuck[worst] > 0.3) return `${percent} % of layer ${worst} are saturated`;
  if (activation === "sigmoid" && spread < 0.01) return "but all 64 notes give nearly the same activations there";
  if (ratio < 0.05) return "the signal dies away";
  return ratio > 2 ? "it grows" : ratio < 0.5 ? "it shrinks" : "the range is kept";
}

/** Return up to where to draw: activations that have a limit keep their axis. @param {string} activation @param {number[]} large */
function reachOf(activation, large) {
  if (activation === "tanh" || activation === "sigmoid") return 1.2;
  return 3 * 10 ** Math.max(0, Math.ceil(Math.log10(Math.max(...large.slice(1), 1e-30)) - 0.2));
}

/** @param {import("../kit/plot.js").Plot} plot @param {Float64Array[]} signals @param {{reach: number, stuck: number[], relu: boolean}} options */
function drawShapes(plot, signals, { reach, stuck, relu }) {
  const { theme } = plot, { top, width } = plot.box;
  plot.clear("data");
  rule(plot, { y: 0 }, { dash: [], color: theme.grid });
  const high = (plot.y(-reach) - plot.y(reach)) / BINS;
  plot.clipped("data", (c) => {
    signals.forEach((signal, l) => {
      const counts = binCounts(signal, { range: [-reach, reach], bins: BINS });
      // The zeros of a ReLU would press the rest flat; their share stands above.
      const most = Math.max(...counts.filter((_, k) => !(relu && l && k === (BINS - 1) / 2)), 1);
      c.fillStyle = l ? theme.meanings.train.color : theme.muted;
      counts.forEach((count, k) => {
        const wide = 0.86 * (plot.x(1) - plot.x(0)) * Math.min(1, count / most);
        if (count) c.fillRect(plot.x(l) - wide / 2, plot.y(-reach) - (k + 1) * high, Math.max(1, wide), high + 0.5);
      });
      // Nothing within the picture: say where it is.
      if (!counts.some(Boolean)) arrow(c, plot, l, theme.warning);
    });
  });
  const c = plot.layer("data"), room = width / signals.length;
  c.font = FONT;
  c.textAlign = "center";
  c.textBaseline = "top";
  c.fillStyle = theme.text;
  stuck.forEach((share, l) => {
    if (l && share >= 0.005 && room > 22) c.fillText(`${Math.round(100 * share)}${room > 34 ? " %" : ""}`, plot.x(l), top + 2);
  });
  plot.alt(`${signals.length - 1} layers, drawn up to ±${format(reach)}.`);
}

/** @param {CanvasRenderingContext2D} c @param {import("../kit/plot.js").Plot} plot @param {number} l @param {string} color */
function arrow(c, plot, l, color) {
  c.fillStyle = color;
  c.font = FONT;
  c.textAlign = "center";
  c.textBaseline = "bottom";
  c.fillText("↓ far off", plot.x(l) + 14, plot.box.top + plot.box.height - 4);
}

/** @param {import("../kit/plot.js").Plot} plot @param {number[]} large */
function drawSizes(plot, large) {
  const { theme } = plot, x = large.map((_, l) => l), y = large.map((v) => Math.min(MOST, Math.max(LEAST, v)));
  plot.clear("data");
  const ends = plot.xScale.domain;
  fillBetween(plot, { x: ends, low: large[0] / 2, high: [2 * large[0], 2 * large[0]] }, { color: theme.series[2].color, alpha: 0.25 });
  rule(plot, { y: large[0], text: "size of the input (band: half to twice)" });
  curve(plot, { x, y }, { color: theme.meanings.train.color, width: 3.5 });
  points(plot, { x, y }, { color: theme.meanings.train.color, size: 8 });
  plot.alt(`From ${format(large[0], 2)} to ${format(large[large.length - 1], 2)}.`);
}
