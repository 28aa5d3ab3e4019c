/** Onsets with a line to drag; its signed errors as bars, their means, and the sound of both. */
import { playButton, toFloat } from "../kit/audio.js";
import { bars } from "../kit/bars.js";
import { row, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { tempo } from "../kit/math/lineFits.js";
import { scaleSound } from "../kit/math/scaleSound.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

const LAST = 9;
const BEATS = Array.from({ length: LAST + 1 }, (_, k) => k);

/** @param {number} v */
const two = (v) => (Math.abs(v) < 0.005 ? "0.00" : v.toFixed(2).replace("-", "−"));
/** @param {number} v */
const grid = (v) => Math.round(Math.min(6, Math.max(0, v)) * 20) / 20;

export default widget((ctx) => {
  const onsets = Array.from(ctx.data("onsets"), Number);
  const fit = createPlot(ctx, { label: "Onsets of ten notes and your line", height: 280, x: { label: "beat", domain: [-0.5, 9.5] }, y: { label: "onset (s)", domain: [-0.3, 6.3] } });
  const off = createPlot(ctx, { label: "Signed error of each note", height: 280, x: { label: "beat", domain: [-0.7, 9.7] }, y: { label: "error ŷ − y (s)", domain: [-6, 6] } });
  const note = toFloat(ctx.data("pcm"));
  let heard = -1;
  const play = playButton(ctx, {
    label: "Listen: the scale, and your line as a metronome",
    sound: () => ({ samples: scaleSound(note, ctx.config.options.rate, onsets, predicted(ctx.state)), rate: ctx.config.options.rate }),
    playhead: (seconds) => {
      const next = seconds === null ? -1 : onsets.filter((t) => t <= seconds).length - 1;
      if (next === heard) return;
      heard = next;
      ctx.redraw("heard");
    },
  });
  play.element.classList.add("cw-button");
  listen(ctx, fit);
  ctx.root.append(el("div", { class: "cw-columns" }, fit.element, off.element), row(play.element), row(slider(ctx, "left"), slider(ctx, "right")));
  ctx.help("Drag the left or the right half of the line, or use the sliders. On the plot: ↑ ↓ move the right end, ← → the left one.");
  return {
    resize(width) {
      const one = width >= 576 ? Math.floor((width - 16) / 2) : width;
      fit.resize(one);
      off.resize(one);
    },
    update(state, changed) {
      if (changed.has("theme")) for (const plot of [fit, off]) plot.axes();
      const line = predicted(state), errors = line.map((v, k) => v - onsets[k]);
      drawFit(ctx, fit, { onsets, line, heard });
      drawErrors(ctx, off, errors);
      tell(ctx, errors, state);
    },
  };
});

/** @param {import("../kit/state.js").State} state */
function predicted({ left, right }) {
  return BEATS.map((k) => left + ((right - left) * k) / LAST);
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot */
function listen(ctx, plot) {
  let end = "left";
  const pull = (/** @type {{x: number, y: number}} */ { x, y }, commit = false) => {
    const t = Math.min(LAST, Math.max(0, x)) / LAST, { left, right } = ctx.state;
    // The line follows the pointer and turns around its other end.
    if (end === "left") ctx.set({ left: grid((y - right * Math.min(t, 0.7)) / (1 - Math.min(t, 0.7))) }, { commit });
    else ctx.set({ right: grid((y - left * (1 - Math.max(t, 0.3))) / Math.max(t, 0.3)) }, { commit });
  };
  plot.pointer({
    down(spot) {
      end = spot.x < LAST / 2 ? "left" : "right";
      pull(spot);
    },
    move: pull,
    up: (spot) => pull(spot, true),
  });
  plot.keyPoint({
    label: "ends of the line",
    get: () => [4.5, 3],
    set: ([x, y]) => ctx.set({ left: grid(ctx.state.left + (x - 4.5) / 2), right: grid(ctx.state.right + (y - 3)) }),
  });
}

/**
 * @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot
 * @param {{onsets: number[], line: number[], heard: number}} what
 */
function drawFit(ctx, plot, { onsets, line, heard }) {
  plot.clear("data");
  BEATS.forEach((k) => curve(plot, { x: [k, k], y: [onsets[k], line[k]] }, { color: line[k] > onsets[k] ? ctx.theme.series[1].color : ctx.theme.series[0].color, width: 4, alpha: 0.75 }));
  curve(plot, { x: BEATS, y: line }, { color: ctx.theme.text, width: 3 });
  points(plot, { x: BEATS, y: onsets }, { color: ctx.theme.series[2].color, size: 10 });
  points(plot, { x: [0, LAST], y: [line[0], line[LAST]] }, { color: ctx.theme.background, edge: ctx.theme.text, marker: "s", size: 11 });
  if (heard >= 0) points(plot, { x: [heard], y: [onsets[heard]] }, { color: "#F0E442", edge: "#000000", size: 15 });
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot @param {number[]} errors */
function drawErrors(ctx, plot, errors) {
  plot.clear("data");
  bars(plot, errors, { color: (k) => ctx.theme.series[errors[k] > 0 ? 1 : 0].color, hatch: (k) => errors[k] < 0 });
  rule(plot, { y: 0 }, { color: ctx.theme.text, width: 1, dash: [] });
  rule(plot, { y: mean(errors), text: "mean" }, { color: ctx.theme.text, width: 2.5 });
  plot.alt(errors.map(two).join(", "));
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** @param {import("../kit/widget.js").Context} ctx @param {number[]} errors @param {import("../kit/state.js").State} state */
function tell(ctx, errors, { left, right }) {
  const signed = mean(errors), absolute = mean(errors.map(Math.abs)), squared = mean(errors.map((e) => e * e));
  const pace = tempo((right - left) / LAST);
  ctx.output("signed", two(signed));
  ctx.output("absolute", two(absolute));
  ctx.output("squared", two(squared));
  ctx.output("tempo", pace);
  ctx.announce(`Mean signed error ${two(signed)} s, mean absolute error ${two(absolute)} s, mean squared error ${two(squared)} s². The line: ${pace}.`);
  ctx.goal(Math.abs(signed) < 0.005 && absolute > 2);
}
