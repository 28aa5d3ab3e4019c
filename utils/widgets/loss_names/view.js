/** Names with two lists each, an example when both answers are right; a loss and its negative. */
import { select, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

/** @typedef {{name: string, field: string, wish: string, example: string}} Name */

const TRUE_TEMPO = 120;
const GRID = Array.from({ length: 121 }, (_, i) => 60 + i);

/** @param {number} tempo */
const loss = (tempo) => ((tempo - TRUE_TEMPO) / 30) ** 2;

export default widget((ctx) => {
  /** @type {Name[]} */
  const names = ctx.config.options.names;
  const lines = names.map((one) => line(ctx, one));
  const plot = createPlot(ctx, { label: "A loss and a reward over the guessed tempo", height: 200, x: { label: "guessed tempo θ (bpm); the true one is 120", domain: [60, 180] }, y: { label: "loss, reward", domain: [-4.5, 4.5] } });
  const move = (/** @type {number} */ x, commit = false) => ctx.set({ tempo: Math.round(x) }, { commit });
  plot.pointer({ down: ({ x }) => move(x), move: ({ x }) => move(x), up: ({ x }) => move(x, true) });
  plot.keyPoint({ label: "guessed tempo", get: () => [ctx.state.tempo, 0], set: ([x]) => move(x > ctx.state.tempo ? Math.ceil(x) : Math.floor(x), true) });
  ctx.root.append(el("div", { class: "loss_names-list" }, ...lines.map(({ root }) => root)), plot.element, slider(ctx, "tempo"));
  return {
    resize(width) { plot.resize(width); },
    update(state, changed) {
      if (changed.has("theme")) plot.axes();
      drawSigns(ctx, plot, state.tempo);
      const right = lines.map(({ draw }) => draw()).reduce((a, b) => a + b, 0), all = 2 * names.length;
      ctx.output("right", `${right} of ${all}`);
      ctx.announce(`${right} of ${all} answers are right. Guessed tempo ${state.tempo} bpm: loss ${loss(state.tempo).toFixed(2)}, reward ${(-loss(state.tempo)).toFixed(2).replace("-", "−")}.`);
      ctx.goal(right === all);
    },
  };
});

/** @param {import("../kit/widget.js").Context} ctx @param {Name} one */
function line(ctx, { name, field, wish, example }) {
  const verdict = el("p", { class: "loss_names-verdict" });
  const root = el("div", { class: "loss_names-line", role: "group", "aria-label": name }, el("b", {}, name), select(ctx, name), select(ctx, `${name}_wish`), verdict);
  return {
    root,
    /** Return how many of the two answers are right. */
    draw() {
      const given = ctx.state[name], wanted = ctx.state[`${name}_wish`];
      const right = Number(given === field) + Number(wanted === wish);
      const words = [said(given, field), said(wanted, wish)].filter(Boolean).join(" ");
      setText(verdict, right === 2 ? `✓ For example: ${example}.` : words);
      verdict.dataset.right = String(right === 2);
      return right;
    },
  };
}

/** @param {string} given @param {string} right */
function said(given, right) {
  if (given === "?") return "";
  return given === right ? `✓ ${given}.` : `✗ not ${given}.`;
}

/** Draw a loss and, upside down, the reward: both are best at the same tempo. @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {number} tempo */
function drawSigns(ctx, plot, tempo) {
  const { series, text, good, muted } = ctx.theme;
  plot.clear("data");
  rule(plot, { x: TRUE_TEMPO }, { color: good });
  rule(plot, { y: 0 }, { color: muted, width: 1, dash: [] });
  for (const [sign, { color, dash }, marker] of /** @type {[number, import("../kit/theme.js").Series, import("../kit/points.js").Marker][]} */ ([[1, series[1], "s"], [-1, series[0], "o"]])) {
    curve(plot, { x: GRID, y: GRID.map((v) => sign * loss(v)) }, { color, dash, width: 2.5 });
    points(plot, { x: [tempo], y: [sign * loss(tempo)] }, { color, edge: text, marker, size: 11 });
    label(plot, { x: 84, y: sign * 3.6, text: sign > 0 ? "loss: make it small" : "reward = −loss: make it large" }, { color: text });
  }
}
