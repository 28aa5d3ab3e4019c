/** A parabola with the steps on it, the detuning after each step, and the sound of both. */
import { arrows } from "../kit/arrows.js";
import { playButton, toFloat } from "../kit/audio.js";
import { row, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { tuningPath, tuningSound } from "../kit/math/tuning.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

const FAR = 80;
const GRID = Array.from({ length: 101 }, (_, i) => -FAR + (2 * FAR * i) / 100);

export default widget((ctx) => {
  const bowl = createPlot(ctx, { label: "Loss over the detuning", height: 260, x: { label: "detuning θ (cents)", domain: [-FAR, FAR] }, y: { label: "loss L = ½ θ²", domain: [-150, FAR * FAR / 2] } });
  const time = createPlot(ctx, { label: "Detuning after each step", height: 260, x: { label: "step", domain: [0, 1] }, y: { label: "detuning θ (cents); 0: in tune", domain: [-FAR, FAR] } });
  const box = el("div", { class: "cw-columns" }, bowl.element, time.element);
  const note = toFloat(ctx.data("pcm"));
  let heard = -1, each = 1;
  const play = playButton(ctx, {
    label: "Listen: the string beside the one in tune, step by step",
    sound: () => {
      const { steps, start, lr } = ctx.state, rate = ctx.config.options.rate;
      const made = tuningSound(note, rate, tuningPath(start, lr, steps), 0.9);
      each = made.each;
      return { samples: made.samples, rate };
    },
    playhead: (seconds) => {
      const next = seconds === null ? -1 : Math.min(ctx.state.steps, Math.floor(seconds / each));
      if (next === heard) return;
      heard = next;
      ctx.redraw("heard");
    },
  });
  play.element.classList.add("cw-button");
  const move = (/** @type {number} */ theta, commit = false) => ctx.set({ start: Math.round(theta) }, { commit });
  bowl.pointer({ down: ({ x }) => move(x), move: ({ x }) => move(x), up: ({ x }) => move(x, true) });
  bowl.keyPoint({ label: "start of the string", get: () => [ctx.state.start, 0], set: ([x]) => move(x > ctx.state.start ? Math.ceil(x) : Math.floor(x), true) });
  ctx.root.append(box, row(play.element), row(slider(ctx, "start"), slider(ctx, "lr", { marks: () => [{ value: 2, label: "limit 2/curvature" }] }), slider(ctx, "steps")));
  ctx.help("Drag the numbers in the sentence, or the start on the curve; arrow keys work, too. One hundred cents are a semitone.");

  return {
    resize(width) {
      const one = width >= 576 ? Math.floor((width - 16) / 2) : width;
      bowl.resize(one);
      time.resize(one);
    },
    update(state, changed) {
      const path = tuningPath(state.start, state.lr, state.steps);
      time.setDomain({ x: [0, state.steps] });
      if (changed.has("theme")) for (const plot of [bowl, time]) plot.axes();
      drawBowl(ctx, bowl, path, heard);
      drawTime(ctx, time, path, heard);
      tell(ctx, path, state);
    },
  };
});

/** @param {number} v */
const loss = (v) => v * v / 2;

/**
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot
 * @param {number[]} path @param {number} heard
 */
function drawBowl(ctx, plot, path, heard) {
  const color = ctx.theme.meanings.gd.color, [from, to] = path;
  plot.clear("data");
  curve(plot, { x: GRID, y: GRID.map(loss) }, { color: ctx.theme.text, width: 2 });
  const tangent = [-30, 30];
  curve(plot, { x: tangent.map((d) => from + d), y: tangent.map((d) => loss(from) + from * d) }, { color: ctx.theme.warning, width: 2, dash: [6, 4] });
  path.slice(1).forEach((theta, k) => curve(plot, { x: [path[k], theta], y: [loss(path[k]), loss(theta)] }, { color, width: 1.2, alpha: 0.7 }));
  arrows(plot, [{ x: from, y: loss(from), dx: to - from, dy: 0 }], { color: ctx.theme.warning, width: 2.5 });
  points(plot, { x: path, y: path.map(loss) }, { color, size: 8 });
  points(plot, { x: [from], y: [loss(from)] }, { color, marker: "s", size: 11 });
  if (heard >= 0) points(plot, { x: [path[heard]], y: [loss(path[heard])] }, { color: "#F0E442", edge: "#000000", size: 14 });
  plot.alt(`Start at ${formatNumber(from)} cents, next ${formatNumber(to)} cents.`);
}

/**
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot
 * @param {number[]} path @param {number} heard
 */
function drawTime(ctx, plot, path, heard) {
  const color = ctx.theme.meanings.gd.color, x = path.map((_, k) => k);
  plot.clear("data");
  rule(plot, { y: 0 }, { color: ctx.theme.good });
  curve(plot, { x, y: path }, { color, width: 3 });
  points(plot, { x, y: path }, { color, size: 9 });
  if (heard >= 0) points(plot, { x: [heard], y: [path[heard]] }, { color: "#F0E442", edge: "#000000", size: 14 });
}

/** @param {import("../kit/widget.js").Context} ctx @param {number[]} path @param {import("../kit/state.js").State} state */
function tell(ctx, path, { start, lr, steps }) {
  const last = path[path.length - 1], cents = (/** @type {number} */ v) => `${formatNumber(Math.abs(v) < 0.005 ? 0 : v, 3)} cents`;
  const verdict = lr > 2 ? "each step makes it worse" : lr === 2 ? "it jumps from side to side for ever" : lr > 1 ? "each step jumps past the goal" : Math.abs(lr - 1) < 0.005 ? "one step was enough" : "each step comes closer";
  ctx.output("slope", formatNumber(start));
  ctx.output("next", cents(path[1]));
  ctx.output("last", cents(last));
  ctx.output("verdict", start ? verdict : "it was in tune from the start");
  ctx.announce(`From ${cents(start)} with η = ${formatNumber(lr)}: after ${steps} steps ${cents(last)}; ${verdict}.`);
  ctx.goal(Boolean(start) && Math.abs(path[1]) < 0.5);
}
