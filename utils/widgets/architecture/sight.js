/** A note with what one unit of the chosen layer sees of it. */
import { rule } from "../kit/curves.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { spectrogram } from "../kit/spectrogram.js";
import { fieldDuration, fieldFrequencies, melCorners } from "../kit/math/architecture.js";

/** @typedef {import("../kit/state.js").State} State */
/** @typedef {import("../kit/math/architecture.js").Field} Field */
/** @typedef {import("../kit/math/architecture.js").Row} Row */

const MOST_DOTS = 1100;

/** @param {import("../kit/widget.js").Context} ctx */
export function createSight(ctx) {
  const plot = createPlot(ctx, { label: "Log-mel spectrogram with the receptive field", height: 300, x: { label: "time (s)", domain: [0, 4] }, y: { label: "frequency (Hz)", domain: [0, 64] } });
  const { front_end: end } = ctx.config.options;
  const put = (/** @type {{x: number, y: number}} */ spot) => {
    const at_time = percent(spot.x / plot.xScale.domain[1]), at_pitch = percent(spot.y / plot.yScale.domain[1]);
    ctx.set({ at_time, at_pitch }, { commit: false });
  };
  plot.pointer({ down: put, move: put, up: () => ctx.set({}) });
  plot.keyPoint({ label: "unit", get: () => [(ctx.state.at_time / 100) * plot.xScale.domain[1], (ctx.state.at_pitch / 100) * plot.yScale.domain[1]], set: ([x, y]) => { put({ x, y }); ctx.set({}); } });
  const pictures = createPictures(ctx);
  return {
    element: plot.element,
    /** @param {number} width */
    resize: (width) => plot.resize(width),
    /** @param {State} state @param {Row} row @param {{changed: Set<string>, sounding: number}} now sounding: seconds, or −1 */
    draw(state, row, { changed, sounding }) {
      const seconds = (state.frames * end.hop) / end.sampleRate;
      const moved = plot.setDomain({ x: [0, seconds], y: [0, state.bands] });
      if (moved || ["theme", "size", "note", "bands", "frames"].some((key) => changed.has(key))) {
        plot.axes();
        spectrogram(plot, pictures(state, seconds), { layer: "axes", range: [0, 1] });
        // Half of the band's number 0 is left over below the corner.
        plot.layer("axes").clearRect(18, plot.box.top + plot.box.height, plot.box.left - 23, 10);
      }
      plot.clear("data");
      const found = row.error ? null : seen(row, state);
      if (found) drawSeen(plot, found, row, end.hop / end.sampleRate);
      const here = { x: [(state.at_time / 100) * seconds], y: [(state.at_pitch / 100) * state.bands] };
      points(plot, here, { color: "#ffffff", edge: "#ffffff", marker: "x", size: 8 });
      if (sounding >= 0) rule(plot, { x: sounding }, { color: "#ffffff", width: 2, dash: [] });
    },
  };
}

/** @param {number} part */
const percent = (part) => Math.round(1000 * Math.min(1, Math.max(0, part))) / 10;

/**
 * The unit nearest to the chosen place and the first cell that it sees; all cells above a layer
 * that sees everything.
 * @param {Row} row @param {State} state
 */
export function seen({ field, shape }, state) {
  const sizes = [state.bands, state.frames];
  if (!field) return { unit: [0, 0], first: [0, 0], size: sizes, all: true };
  const parts = [state.at_pitch / 100, state.at_time / 100];
  const unit = parts.map((part, i) => Math.min(shape[1 + i] - 1, Math.max(0, Math.floor((part * sizes[i] - field.start[i] - field.size[i] / 2) / field.step[i] + 0.5))));
  return { unit, first: unit.map((u, i) => field.start[i] + u * field.step[i]), size: field.size, all: false };
}

/** Duration and frequencies of what is seen. @param {ReturnType<typeof seen>} found @param {State} state @param {import("../kit/math/architecture.js").FrontEnd} end */
export function measure({ first, size }, state, end) {
  const [low, high] = fieldFrequencies(first[0], size[0], state.bands, end);
  const outside = first.some((a, i) => a < 0 || a + size[i] > [state.bands, state.frames][i]);
  return { ms: fieldDuration(size[1], end), low, high, outside };
}

/** @param {import("../kit/plot.js").Plot} plot @param {ReturnType<typeof seen>} found @param {Row} row @param {number} frame in s */
function drawSeen(plot, { unit, first, size, all }, { field, shape }, frame) {
  const { theme } = plot, color = theme.series[4].color;
  const corners = [[first[1] * frame, first[0]], [(first[1] + size[1]) * frame, first[0] + size[0]]];
  plot.clipped("data", (c) => {
    const left = plot.x(corners[0][0]), right = plot.x(corners[1][0]), top = plot.y(corners[1][1]), bottom = plot.y(corners[0][1]);
    const { box } = plot;
    c.fillStyle = "rgba(0, 0, 0, 0.5)";
    c.beginPath();
    c.rect(box.left, box.top, box.width, box.height);
    c.rect(left, top, right - left, bottom - top);
    c.fill("evenodd");
    c.lineWidth = 3;
    c.strokeStyle = color;
    c.strokeRect(left, top, right - left, bottom - top);
  });
  if (all || !field) return;
  const middle = (/** @type {number} */ axis, /** @type {number} */ u) => field.start[axis] + u * field.step[axis] + field.size[axis] / 2;
  if (shape[1] * shape[2] <= MOST_DOTS) {
    const x = [], y = [];
    for (let i = 0; i < shape[1]; i++) {
      for (let j = 0; j < shape[2]; j++) {
        x.push(middle(1, j) * frame);
        y.push(middle(0, i));
      }
    }
    points(plot, { x, y }, { color: "#ffffff", size: shape[1] * shape[2] > 300 ? 2 : 4, alpha: 0.85 });
  }
  points(plot, { x: [middle(1, unit[1]) * frame], y: [middle(0, unit[0])] }, { color, edge: "#111111", marker: "D", size: 11 });
}

/** The note where the input has its size, and an empty picture where it has not. @param {import("../kit/widget.js").Context} ctx */
function createPictures(ctx) {
  const mels = ctx.data("mels"), [, rows, cols] = mels.shape;
  /** @type {Map<string, import("../kit/spectrogram.js").Mel>} */
  const known = new Map();
  return (/** @type {State} */ { note, bands, frames }, /** @type {number} */ seconds) => {
    const fits = bands === rows && frames === cols, key = fits ? note : `${bands} ${frames}`;
    const found = known.get(key);
    if (found) return found;
    const first = ctx.config.fields.note.options.indexOf(note) * rows * cols;
    const values = new Float32Array(bands * frames);
    // The bytes have the highest band first, a spectrogram here the lowest.
    if (fits) for (let i = 0; i < values.length; i++) values[i] = mels[first + (rows - 1 - Math.floor(i / cols)) * cols + (i % cols)] / 255;
    const centers = melCorners(bands, ctx.config.options.front_end).slice(1, -1);
    const made = { values, bands, frames, seconds, centers };
    if (known.size > 12) known.clear();
    known.set(key, made);
    return made;
  };
}
