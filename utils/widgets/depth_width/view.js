/** A wide and a deep net of the same size learn the same line, side by side. */
import { playButton } from "../kit/audio.js";
import { button, player, row, select, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { glide, passed } from "./glide.js";
import { advanceBoth, createPair } from "./runs.js";

const NETS = /** @type {const} */ (["wide", "deep"]);
const PAIR = ["target", "budget", "depth", "activation", "lr", "seed"];
const SLICE_MS = 4, SEEDS = [0, 1, 2, 3, 4], CLEARLY = 3;

export default widget((ctx) => {
  const { options, fields } = ctx.config;
  const last = fields.t.high;
  const time = Float64Array.from({ length: options.points }, (_, i) => i / (options.points - 1));
  const steps = Float64Array.from({ length: last + 1 }, (_, i) => i);
  const lines = createPlot(ctx, {
    label: "The line and what both nets draw", height: 250,
    x: { label: "time (s)", domain: [0, 1] }, y: { label: "pitch (0: low, 1: high)", domain: [-0.25, 1.25] },
  });
  const losses = createPlot(ctx, {
    label: "Loss of both nets", height: 250,
    x: { label: "training step", domain: [0, last] }, y: { label: "loss L", domain: [1e-6, 1], log: true },
  });
  const keyOf = (/** @type {any} */ state) => JSON.stringify(PAIR.map((key) => state[key]));
  let pair = createPair(ctx.state, options), made = keyOf(ctx.state);
  /** Which net was clearly better so far. @type {Set<string>} */
  const won = new Set();
  const series = createSeries(ctx, last);
  const go = (/** @type {number} */ t) => ctx.set({ t: Math.min(last, Math.max(0, t)) });
  let played = -1;
  const play = player(ctx, {
    rewind: () => go(0), back: () => go(ctx.state.t - 10), step: () => go(ctx.state.t + 10), perSecond: 20,
    tick: () => {
      played = ctx.state.t < last ? Math.min(last, ctx.state.t + 10) : 0;
      go(played);
      return played < last;
    },
  });
  ctx.bind((state) => { if (play.playing() && state.t !== played) play.stop(); });
  const scrub = (/** @type {any} */ { x }, commit = false) => ctx.set({ t: Math.min(last, Math.max(0, Math.round(x))) }, { commit });
  losses.pointer({ down: scrub, move: scrub, up: (spot) => scrub(spot, true) });
  losses.keyPoint({ label: "training step, moved by the arrow keys", get: () => [ctx.state.t, 1e-3], set: ([x]) => scrub({ x }, true) });
  const legend = el("p", { class: "depth_width-legend" });
  ctx.root.append(
    row(slider(ctx, "t"), play.element),
    row(select(ctx, "target"), select(ctx, "activation"), slider(ctx, "budget"), slider(ctx, "depth")),
    row(slider(ctx, "lr"), slider(ctx, "seed"), series.element),
    row("Hear:", el("div", { class: "cw-buttons" }, ...sounds(ctx, lines, () => pair))),
    legend, el("div", { class: "cw-columns" }, losses.element, lines.element),
  );
  ctx.help("Drag in the loss curve to go through the training. Both nets train with Adam on the same 64 points.");

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      lines.resize(each);
      losses.resize(each);
    },
    update(state, changed) {
      if (keyOf(state) !== made) {
        made = keyOf(state);
        pair = createPair(state, options);
        series.clear();
      }
      const until = performance.now() + SLICE_MS;
      const over = () => performance.now() > until;
      const done = advanceBoth(pair, state.t, over);
      if (!done) ctx.redraw("training");
      const t = Math.min(state.t, ...NETS.map((name) => pair[name].losses.length - 1));
      if (changed.has("theme") || changed.has("size")) [lines, losses].forEach((plot) => plot.axes());
      drawLines(lines, pair, time, t);
      drawLosses(losses, pair, steps, t, series.results());
      drawLegend(ctx, legend, pair);
      if (t === last) judge(pair, last, won);
      tell(ctx, pair, t, won, done ? series.words() : " Still training.");
    },
  };
});

/** @param {import("../kit/plot.js").Plot} plot @param {any} pair @param {Float64Array} time @param {number} t */
function drawLines(plot, pair, time, t) {
  plot.clear("data");
  curve(plot, { x: time, y: pair.target }, { color: plot.theme.muted, width: 5, alpha: 0.6 });
  NETS.forEach((name, i) => {
    const { color, dash } = plot.theme.series[i];
    curve(plot, { x: time, y: pair[name].curves[t] }, { color, dash, width: 2.5 });
  });
}

/** @param {import("../kit/plot.js").Plot} plot @param {any} pair @param {Float64Array} steps @param {number} t @param {Record<string, number[]>} results */
function drawLosses(plot, pair, steps, t, results) {
  plot.clear("data");
  NETS.forEach((name, i) => {
    const { color, dash, marker } = plot.theme.series[i];
    const shown = pair[name].losses.slice(0, t + 1);
    curve(plot, { x: steps.subarray(0, t + 1), y: shown }, { color, dash, width: 2.5 });
    points(plot, { x: [t], y: [shown[t]] }, { color, marker: /** @type {any} */ (marker), size: 10 });
    const end = steps[steps.length - 1] * (0.985 - 0.03 * i);
    points(plot, { x: results[name].map(() => end), y: results[name] }, { color, edge: plot.theme.text, marker: /** @type {any} */ (marker), size: 8 });
  });
}

/** @param {import("../kit/widget.js").Context} ctx @param {HTMLElement} legend @param {any} pair */
function drawLegend(ctx, legend, pair) {
  const text = NETS.map((name) => `${name} ${pair[name].sizes.join("–")}: ${pair[name].parameters} parameters`);
  if (legend.dataset.text === text.join()) return;
  legend.dataset.text = text.join();
  legend.replaceChildren(...NETS.flatMap((_, i) => {
    const sign = el("span", {}, i ? "╍■╍ " : "━●━ ");
    sign.style.color = ctx.theme.series[i].color;
    return [sign, `${text[i]}\u2003`];
  }), "(gray: the line)");
  NETS.forEach((name) => ctx.output(name, pair[name].sizes.join("–")));
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {() => any} pair */
function sounds(ctx, plot, pair) {
  const playhead = (/** @type {number | null} */ time) => {
    plot.clear("head");
    if (time !== null) rule(plot, { x: passed(time) }, { layer: "head", color: plot.theme.warning, dash: [] });
  };
  return ["line", ...NETS].map((name) => {
    const sound = () => {
      ctx.announce(`You hear the ${name === "line" ? "line" : `${name} net`}, from low to high two octaves.`);
      if (name === "line") return glide(pair().target);
      const { curves } = pair()[name];
      return glide(curves[Math.min(ctx.state.t, curves.length - 1)]);
    };
    const { element } = playButton(ctx, { label: name, playhead, sound });
    element.classList.add("cw-button");
    element.dataset.key = `hear_${name}`;
    return element;
  });
}

/** @param {any} pair @param {number} last @param {Set<string>} won */
function judge(pair, last, won) {
  const [wide, deep] = NETS.map((name) => pair[name].losses[last]);
  if (deep * CLEARLY < wide) won.add("deep");
  if (wide * CLEARLY < deep) won.add("wide");
}

/** @param {import("../kit/widget.js").Context} ctx @param {any} pair @param {number} t @param {Set<string>} won @param {string} more */
function tell(ctx, pair, t, won, more) {
  const [wide, deep] = NETS.map((name) => pair[name].losses[t]);
  const ratio = Math.max(wide, deep) / Math.min(wide, deep);
  NETS.forEach((name) => ctx.output(`${name}_loss`, formatNumber(pair[name].losses[t], 2)));
  const found = won.size ? ` Found so far: a line for the ${[...won].join(" and one for the ")} net.` : "";
  ctx.announce(`Step ${t}: loss of the wide net ${formatNumber(wide, 2)}, of the deep one ${formatNumber(deep, 2)}; the ${wide < deep ? "wide" : "deep"} net is ${formatNumber(ratio, 2)} times better.${more}${found}`);
  ctx.goal(won.size === 2);
}

/** A button: the same race from five starts. @param {import("../kit/widget.js").Context} ctx @param {number} last */
function createSeries(ctx, last) {
  /** @type {any[]} */
  let pairs = [];
  let halt = () => {};
  const finished = () => pairs.filter((pair) => NETS.every((name) => pair[name].losses.length > last));
  const clear = () => { halt(); pairs = []; };
  const start = () => {
    clear();
    pairs = SEEDS.map((seed) => createPair(ctx.state, ctx.config.options, seed));
    halt = ctx.animate(() => {
      const until = performance.now() + SLICE_MS;
      const over = () => performance.now() > until;
      const done = pairs.every((one) => advanceBoth(one, last, over));
      ctx.redraw("series");
      return !done;
    });
    ctx.redraw("series");
  };
  return {
    element: button(ctx, "Train from five seeds", start, { name: "series" }),
    clear,
    results: () => Object.fromEntries(NETS.map((name) => [name, finished().map((pair) => pair[name].losses[last])])),
    words() {
      if (!pairs.length) return "";
      const all = finished();
      const better = all.filter((pair) => pair.deep.losses[last] < pair.wide.losses[last]).length;
      return ` ${all.length} of ${SEEDS.length} seeds trained: the deep net ended lower in ${better}.`;
    },
  };
}
