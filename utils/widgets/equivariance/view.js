/** A note is moved in time and pitch; the map of a kernel follows, the rest of the network less. */
import { playButton } from "../kit/audio.js";
import { radio, row, select, slider } from "../kit/controls.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { arrow } from "../kit/keys.js";
import { noteSound } from "../kit/math/movedNote.js";
import { createPlot } from "../kit/plot.js";
import { spectrogram } from "../kit/spectrogram.js";
import { widget } from "../kit/widget.js";
import { createCurves } from "./curves.js";
import { createReader } from "./read.js";

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {import("./read.js").Moved} Moved */

const NAMES = { mel: "log-mel", constant_q: "constant-Q" };
const FAR = 7, CLOSE = 0.1;

export default widget((ctx) => {
  const { window, rate, hop, pitch: base } = ctx.config.options;
  const seconds = (window.frames * hop) / rate;
  const read = createReader(ctx);
  const panels = ["The note, moved", "Its feature map", "The old map, moved along", "Difference: map minus old map"].map((title) => createPanel(ctx, title, seconds));
  const result = el("p", { class: "equivariance-result" });
  const curves = createCurves(ctx);
  /** What the goal asks for, seen on the constant-Q axis. */
  let kept = "";
  drag(ctx, panels[0].plot, () => seconds / window.frames);
  ctx.root.append(
    row(select(ctx, "tone"), radio(ctx, "axis")),
    row(sound(ctx, "the note", () => base, () => 0), sound(ctx, "the moved note", () => base + ctx.state.pitch, () => ctx.state.time)),
    row(slider(ctx, "time"), slider(ctx, "pitch"), slider(ctx, "kernel")),
    el("div", { class: "equivariance-panels" }, ...panels.map(({ root }) => root)),
    result, curves.element,
  );
  ctx.help("Drag the note in the first picture, or use the arrow keys there: left and right move it in time, up and down in pitch.");

  return {
    resize(width) {
      const columns = width >= 592 ? 2 : 1;
      for (const { plot } of panels) plot.resize((width - 12 * (columns - 1)) / columns);
      curves.resize(width);
    },
    update(state, changed) {
      const now = read(state);
      if ([...changed].some((key) => key !== "way")) draw(now, state.axis);
      setText(result, words(now, state));
      curves.draw(state, changed);
      const { error, rows } = now.move, number = Number.isFinite(error) ? `${formatNumber(Math.round(100 * error))} %` : "silence";
      ctx.output("error", number);
      ctx.output("rows", formatNumber(rows));
      ctx.announce(`${place(state)}, ${NAMES[/** @type {"mel"} */ (state.axis)]}: error ${number}. ${curves.words()}`);
      const here = `${state.tone} ${state.pitch} ${state.kernel}`;
      if (state.axis === "constant_q" && state.pitch >= FAR && error < CLOSE) kept = here;
      ctx.goal(state.axis === "mel" && kept === here);
    },
  };

  /** @param {Moved} now @param {string} axis */
  function draw(now, axis) {
    const most = now.after.values.reduce((a, b) => Math.max(a, b), 1e-9), centers = ctx.config.options.centers[axis];
    const shown = /** @type {[ArrayLike<number>, number[], "viridis" | "diverging"][]} */ ([
      [now.picture.values, [0, 1], "viridis"],
      [now.after.values, [0, most], "viridis"],
      [now.move.moved, [0, most], "viridis"],
      [now.difference, [-most, most], "diverging"],
    ]);
    shown.forEach(([values, range, map], i) => {
      const { plot } = panels[i], bands = now.picture.rows;
      plot.setDomain({ y: [0, bands] });
      plot.axes();
      spectrogram(plot, { values, bands, frames: window.frames, seconds, centers }, { layer: "axes", range, map });
      plot.alt(i === 3 ? words(now, ctx.state) : `${panels[i].title}, ${NAMES[/** @type {"mel"} */ (axis)]}`);
    });
  }
});

/** @param {Context} ctx @param {string} title @param {number} seconds */
function createPanel(ctx, title, seconds) {
  const plot = createPlot(ctx, {
    label: title, height: 190,
    x: { label: "time (s)", domain: [0, seconds] }, y: { label: "frequency (Hz)", domain: [0, 72] },
  });
  return { plot, title, root: el("div", {}, el("div", { class: "equivariance-title" }, title), plot.element) };
}

/**
 * Drag the note, or move it by keys; a row of the picture is a semitone.
 * @param {Context} ctx @param {import("../kit/plot.js").Plot} plot @param {() => number} frame seconds
 */
function drag(ctx, plot, frame) {
  let from = { x: 0, y: 0, time: 0, pitch: 0 };
  const move = (/** @type {{x: number, y: number}} */ { x, y }, commit = false) => ctx.set({
    time: from.time + Math.round((x - from.x) / frame()),
    pitch: from.pitch + Math.round(y - from.y),
  }, { commit });
  plot.pointer({
    down: ({ x, y }) => { from = { x, y, time: ctx.state.time, pitch: ctx.state.pitch }; },
    move: (spot) => move(spot),
    up: (spot) => move(spot, true),
  });
  const { element } = plot;
  element.classList.add("equivariance-moved");
  element.tabIndex = 0;
  element.setAttribute("role", "application");
  element.setAttribute("aria-roledescription", "note, moved by the arrow keys");
  ctx.on(element, "keydown", (event) => {
    const by = arrow(event);
    if (!by || by.end || event.key.startsWith("Page")) return;
    event.preventDefault();
    ctx.set({ time: ctx.state.time + by.dx, pitch: ctx.state.pitch + by.dy });
  });
}

/** @param {Context} ctx @param {string} label @param {() => number} pitch @param {() => number} time frames */
function sound(ctx, label, pitch, time) {
  const { rate, hop, window } = ctx.config.options;
  const { element, stop } = playButton(ctx, {
    label,
    sound() {
      const note = noteSound(ctx.state.tone, pitch(), rate), lead = Math.round((window.first + time()) * hop);
      const samples = new Float32Array(lead + note.length);
      samples.set(note, lead);
      return { samples, rate };
    },
  });
  element.classList.add("cw-button");
  element.dataset.key = label === "the note" ? "hear_first" : "hear_moved";
  ctx.on(element, "click", () => ctx.announce(`You hear ${label}.`));
  let before = "";
  ctx.bind((state) => {
    const now = `${state.tone} ${pitch()} ${time()}`;
    if (before && before !== now) stop();
    before = now;
  });
  return element;
}

/** @param {import("../kit/state.js").State} state */
function place({ time, pitch }) {
  return `Moved by ${formatNumber(time)} frames and ${formatNumber(pitch)} semitones`;
}

/** @param {Moved} now @param {import("../kit/state.js").State} state */
function words({ move: { error, rows } }, state) {
  if (!Number.isFinite(error)) return `Kernel ${state.kernel} does not respond to this note. Take another one.`;
  const up = rows === 0 ? "stays in its rows" : `moves ${rows > 0 ? "up" : "down"} by ${Math.abs(rows)} ${state.axis === "mel" ? "mel bands" : "bins"}`;
  const by = state.pitch ? `For ${formatNumber(state.pitch)} semitones the map ${up} (the move that fits best).` : `The map ${up}.`;
  const left = error < 1e-6 ? "Nothing is left over: the error is 0 %." : `What does not fit, the error, is ${formatNumber(Math.round(100 * error))} % of the map.`;
  return `${by} ${left}`;
}
