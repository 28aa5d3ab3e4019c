/** A note to drag, the best lines of three losses, the losses over the error, and every pull. */
import { arrows } from "../kit/arrows.js";
import { playButton, toFloat } from "../kit/audio.js";
import { radio, row, slider } from "../kit/controls.js";
import { curve } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { errors as errorsOf, fitLine, LOSSES, onsetTimes, tempo } from "../kit/math/lineFits.js";
import { scaleSound } from "../kit/math/scaleSound.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { createKey, drawLosses, drawPulls, NAMES } from "./panels.js";

const BEATS = Array.from({ length: 10 }, (_, k) => k);
/** Of the plot, the seconds that a pull of one is long. */
const ARROW = 0.6;

/** @typedef {import("../kit/math/lineFits.js").Line} Line */
/** @typedef {{times: number[], lines: Record<string, Line>, errors: Record<string, number[]>}} Found */

export default widget((ctx) => {
  const onsets = Array.from(ctx.data("onsets"), Number), { rate } = ctx.config.options;
  const main = createPlot(ctx, { label: "Onsets and three lines", height: 320, x: { label: "beat", domain: [-0.5, 9.5] }, y: { label: "onset (s)", domain: [-0.4, 8.4] } });
  const loss = createPlot(ctx, { label: "Loss over the error of the wrong note", height: 320, x: { label: "error ŷ − y (s) of the wrong note", domain: [-3.2, 3.2] }, y: { label: "loss L", domain: [-0.3, 6] } });
  const pull = createPlot(ctx, { label: "Pull of each note on each line", height: 200, x: { label: "beat", domain: [-0.6, 9.6] }, y: { label: "pull −∂L/∂ŷ", domain: [-6, 6] } });
  const note = toFloat(ctx.data("pcm")), key = createKey(ctx);
  /** @type {Found} */
  let found = solve(onsets, ctx.state);
  const play = playButton(ctx, {
    label: "Listen: the scale, and this line as a metronome",
    sound: () => ({ samples: scaleSound(note, rate, onsets, predictions(found.lines[ctx.state.shown])), rate }),
    playhead: (seconds) => mark(seconds === null ? -1 : onsets.filter((t) => t <= seconds).length - 1),
  });
  let heard = -1;
  const mark = (/** @type {number} */ next) => {
    if (next === heard) return;
    heard = next;
    ctx.redraw("heard");
  };
  play.element.classList.add("cw-button");
  listen(ctx, main, onsets);
  ctx.root.append(key.root, el("div", { class: "cw-columns" }, main.element, loss.element), pull.element, row(radio(ctx, "shown"), play.element), row(slider(ctx, "off"), slider(ctx, "delta")));
  ctx.help("Drag a note up or down. On the first plot: ↑ ↓ move the wrong note, ← → choose another.");
  return {
    resize(width) {
      const one = width >= 576 ? Math.floor((width - 16) / 2) : width;
      main.resize(one);
      loss.resize(one);
      pull.resize(width);
    },
    update(state, changed) {
      if (changed.has("theme")) for (const plot of [main, loss, pull]) plot.axes();
      found = solve(onsets, state);
      drawMain(ctx, main, { found, heard, onsets });
      drawLosses(ctx, loss, found.errors);
      drawPulls(ctx, pull, found.errors);
      key.draw(found.lines);
      tell(ctx, found, state);
    },
  };
});

/** @param {number[]} onsets @param {import("../kit/state.js").State} state @returns {Found} */
function solve(onsets, { which, off, delta }) {
  const times = onsetTimes(onsets, which, off);
  const lines = Object.fromEntries(NAMES.map((name) => [name, fitLine(name, BEATS, times, delta)]));
  const errors = Object.fromEntries(NAMES.map((name) => [name, errorsOf(lines[name], BEATS, times)]));
  return { times, lines, errors };
}

/** @param {Line} line */
function predictions({ slope, start }) {
  return BEATS.map((k) => slope * k + start);
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {number[]} onsets */
function listen(ctx, plot, onsets) {
  const put = (/** @type {number} */ y, commit = false) =>
    ctx.set({ off: Math.round((Math.max(0, y) - onsets[ctx.state.which]) * 20) / 20 }, { commit });
  plot.pointer({
    down({ x, y }) {
      const which = Math.min(9, Math.max(0, Math.round(x)));
      // Another note becomes the wrong one; the first one is right again.
      if (which !== ctx.state.which) ctx.set({ which, off: 0 }, { commit: false });
      put(y);
    },
    move: ({ y }) => put(y),
    up: ({ y }) => put(y, true),
  });
  plot.keyPoint({
    label: "wrong note",
    get: () => [ctx.state.which, 0],
    set([x, y]) {
      const { which, off } = ctx.state, turn = x - which;
      if (Math.abs(turn) > 1e-9) ctx.set({ which: Math.min(9, Math.max(0, which + Math.sign(turn))) });
      else ctx.set({ off: Math.round((off + Math.sign(y) * Math.max(0.05, Math.abs(y))) * 20) / 20 });
    },
  });
}

/**
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot
 * @param {{found: Found, heard: number, onsets: number[]}} what
 */
function drawMain(ctx, plot, { found, heard, onsets }) {
  const { which, shown, delta } = ctx.state, { text, series, warning } = ctx.theme;
  plot.clear("data");
  NAMES.forEach((name, k) => curve(plot, { x: [-0.5, 9.5], y: [-0.5, 9.5].map((x) => found.lines[name].slope * x + found.lines[name].start) }, { color: series[k].color, dash: series[k].dash, width: name === shown ? 3.5 : 2 }));
  const line = predictions(found.lines[shown]), r = found.errors[shown];
  arrows(plot, BEATS.map((k) => ({ x: k, y: line[k], dx: 0, dy: -ARROW * LOSSES[shown].grad(r[k], delta) })), { color: series[NAMES.indexOf(shown)].color, width: 2.5 });
  points(plot, { x: [which], y: [onsets[which]] }, { color: ctx.theme.background, edge: ctx.theme.muted, size: 10 });
  points(plot, { x: BEATS, y: found.times }, { color: text, size: 9 });
  points(plot, { x: [which], y: [found.times[which]] }, { color: warning, edge: text, marker: "D", size: 12 });
  label(plot, { x: which, y: found.times[which], text: "drag" }, { color: warning });
  if (heard >= 0) points(plot, { x: [heard], y: [onsets[heard]] }, { color: "#F0E442", edge: "#000000", size: 15 });
}

/** @param {import("../kit/widget.js").Context} ctx @param {Found} found @param {import("../kit/state.js").State} state */
function tell(ctx, { lines, errors }, { which, off, delta, shown }) {
  const paces = NAMES.map((name) => tempo(lines[name].slope));
  NAMES.forEach((name, k) => {
    ctx.output(`tempo_${name.toLowerCase()}`, paces[k]);
    ctx.output(`pull_${name.toLowerCase()}`, formatNumber(Math.abs(LOSSES[name].grad(errors[name][which], delta)), 2));
  });
  ctx.output("error", `${formatNumber(errors[shown][which], 2)} s`);
  ctx.announce(`Beat ${which} is ${formatNumber(Math.abs(off))} s too ${off < 0 ? "early" : "late"}. ${NAMES.map((name, k) => `${name}: ${paces[k]}`).join("; ")}.`);
  ctx.goal(60 / lines.L2.slope < 100 && lines.L2.slope > 0 && Math.abs(60 / lines.L1.slope - 120) <= 2);
}
