/** A note transposed, the first features of a 1-D and a 2-D network, and what they answer. */
import { FONT } from "../kit/axes.js";
import { bars } from "../kit/bars.js";
import { clipButton, createClips } from "../kit/clips.js";
import { row, select, slider } from "../kit/controls.js";
import { curve, fillBetween, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { heatmap } from "../kit/heatmap.js";
import { transposePicture, transposeSound } from "../kit/math/transpose.js";
import { argmax } from "../kit/math/views.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

const CELLS = 64, CLASSES = 11, MOST = 12, SHIFTS = 25;
const NAMES = ["1-D", "2-D"];
/** @typedef {{parameters: number, accuracy: number[][], kept: number[], alike: number[]}} Measured */

export default widget((ctx) => {
  const { rate, seconds, range, families, truth, measured, made } = ctx.config.options;
  const note = ctx.config.fields.note, notes = note.options.length;
  const index = () => note.options.indexOf(ctx.state.note);
  const mels = ctx.data("mels"), probs = ctx.data("probs"), first = [ctx.data("one"), ctx.data("two")];
  const piece = (/** @type {any} */ all, /** @type {number} */ at, /** @type {number} */ size) => all.subarray(at * size, (at + 1) * size);
  const strengths = (/** @type {number} */ k, /** @type {number} */ shift, /** @type {number} */ n) => piece(first[k], (shift + MOST) * notes + n, first[k].length / (SHIFTS * notes));
  const answer = (/** @type {number} */ k, /** @type {number} */ shift, /** @type {number} */ n) => piece(probs, (k * SHIFTS + shift + MOST) * notes + n, CLASSES);
  const mel = createPlot(ctx, { label: "Log-mel spectrogram, transposed", height: 200, x: { label: "time (s)", domain: [0, seconds] }, y: { label: "mel band", domain: [0, CELLS] } });
  const shifts = { label: "semitones", domain: [-MOST, MOST] };
  const kernels = NAMES.map((name, k) => createPlot(ctx, {
    label: `Strength of each first kernel, ${name}`, height: 150, x: { label: "kernel", domain: [-0.6, first[k].length / (SHIFTS * notes) - 0.4] }, y: { label: "strength", domain: [0, 1] },
  }));
  const sure = createPlot(ctx, { label: "Probability of the right family, against the transposition", height: 200, x: shifts, y: { label: "p(right family)", domain: [0, 1] } });
  const right = createPlot(ctx, { label: "Practice notes named right, against the transposition", height: 200, x: shifts, y: { label: "right (%)", domain: [0, 80] } });
  const base = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate });
  const moved = { rate, load: (/** @type {number} */ i) => base.load(i).then((sound) => transposeSound(sound, ctx.state.semitones)) };
  let head = /** @type {number | null} */ (null);
  const drawHead = () => { mel.clear("head"); if (head !== null) rule(mel, { x: head }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 }); };
  const playhead = (/** @type {number | null} */ at) => { head = at; drawHead(); };
  const plain = clipButton(ctx, { clips: base, index, label: "as it is", name: "hear_plain", playhead });
  const other = clipButton(ctx, { clips: moved, index, label: "transposed", name: "hear", playhead });
  const choice = select(ctx, "note");
  ctx.on(choice, "change", () => { plain.stop(); other.stop(); });
  const says = el("p", {}), alike = NAMES.map(() => el("b", { class: "shift_break-name" }));
  const part = (/** @type {Node} */ title, /** @type {any} */ plot) => el("div", { class: "shift_break-part" }, title, plot.element);
  const bold = (/** @type {string} */ text) => el("b", {}, text);
  ctx.root.append(
    row(choice, plain.element, other.element), row(slider(ctx, "semitones")),
    el("div", { class: "cw-columns" },
      el("div", {}, part(bold("The note"), mel), ...kernels.map((plot, k) => part(alike[k], plot))),
      el("div", {}, part(bold("This note"), sure), part(bold("789 practice notes"), right), says),
    ),
  );
  ctx.help(`Drag the note up or down, or in the pictures on the right, to transpose. Outlines: the note as it is. Both networks learned the same notes, none transposed. Trained and measured once: ${made}.`);
  const slide = (/** @type {any} */ { x }, commit = false) => ctx.set({ semitones: Math.round(Math.min(MOST, Math.max(-MOST, x))) }, { commit });
  // The note itself can be pulled up and down.
  let from = { py: 0, semitones: 0 };
  const pull = (/** @type {any} */ { py }, commit = false) => slide({ x: from.semitones + (24 * (from.py - py)) / mel.box.height }, commit);
  mel.pointer({ down: ({ py }) => { from = { py, semitones: ctx.state.semitones }; }, move: pull, up: (spot) => pull(spot, true) });
  for (const plot of [sure, right]) plot.pointer({ down: slide, move: slide, up: (/** @type {any} */ spot) => slide(spot, true) });
  /** @type {Map<string, import("../kit/heatmap.js").Grid>} */
  const pictures = new Map();
  const picture = (/** @type {number} */ n, /** @type {number} */ semitones) => {
    const key = `${n} ${semitones}`;
    let grid = pictures.get(key);
    if (!grid) {
      const values = Float64Array.from(piece(mels, n, CELLS * CELLS), (/** @type {number} */ v) => v / 255);
      grid = { values: transposePicture(values, { bands: CELLS, frames: CELLS, semitones, range }), rows: CELLS, cols: CELLS, x: [0, seconds], y: [0, CELLS] };
      pictures.set(key, grid);
    }
    return grid;
  };

  return {
    resize(width) {
      const wide = width >= 576 ? Math.floor((width - 16) / 2) : width;
      for (const plot of [mel, sure, right, ...kernels]) plot.resize(wide);
    },
    update(state, changed) {
      const n = index(), shift = state.semitones, fresh = changed.has("theme") || changed.has("size");
      if (fresh) for (const plot of [mel, sure, right, ...kernels]) plot.axes();
      heatmap(mel, picture(n, shift), { range: [0, 1], cells: true });
      drawHead();
      const likeness = NAMES.map((name, k) => {
        const now = strengths(k, shift, n), before = strengths(k, 0, n), like = cosine(now, before);
        drawKernels(kernels[k], now, before, ctx.theme.series[k].color);
        setText(alike[k], `${name}: first features, ${like.toFixed(2)} like before`);
        return like;
      });
      const tops = NAMES.map((_, k) => argmax(answer(k, shift, n)));
      drawLines(sure, shift, NAMES.map((_, k) => ({ y: shiftsOf((s) => answer(k, s, n)[truth[n]]) })));
      drawLines(right, shift, measured.map((/** @type {Measured} */ { accuracy }) => ({
        y: accuracy.map((v) => 100 * v[0]), low: accuracy.map((v) => 100 * v[1]), high: accuracy.map((v) => 100 * v[2]),
      })));
      const kept = measured.map((/** @type {Measured} */ one) => `${Math.round(100 * one.kept[shift + MOST])} %`);
      setText(says, `Of the practice notes ${kept[0]} (1-D) and ${kept[1]} (2-D) keep their answer at this transposition.`);
      ["one", "two"].forEach((key, k) => {
        ctx.output(key, families[tops[k]]);
        ctx.output(`alike_${key}`, likeness[k].toFixed(2));
      });
      ctx.announce(`${shift} semitones. 1-D says ${families[tops[0]]}, 2-D ${families[tops[1]]}; right is ${families[truth[n]]}. First features like before: ${likeness.map((v) => v.toFixed(2)).join(" and ")}.`);
      ctx.goal((tops[0] === truth[n]) !== (tops[1] === truth[n]) && shift !== 0);
    },
  };
});

/** @param {(shift: number) => number} value */
function shiftsOf(value) {
  return Array.from({ length: SHIFTS }, (_, k) => value(k - MOST));
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function cosine(a, b) {
  let ab = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / Math.max(1e-12, Math.sqrt(aa * bb));
}

/** @param {import("../kit/plot.js").Plot} plot @param {ArrayLike<number>} now @param {ArrayLike<number>} before @param {string} color */
function drawKernels(plot, now, before, color) {
  plot.clear("data");
  plot.setDomain({ y: [0, Math.max(0.1, 1.25 * Math.max(...Array.from(before)))] });
  bars(plot, now, { color, edge: color });
  plot.clipped("data", (c) => {
    c.strokeStyle = plot.theme.text;
    c.lineWidth = 1.5;
    Array.from(before, (v, k) => {
      const left = plot.x(k - 0.45), right = plot.x(k + 0.45), top = plot.y(v);
      c.strokeRect(left, top, right - left, plot.y(0) - top);
    });
  });
}

/** @param {import("../kit/plot.js").Plot} plot @param {number} shift @param {{y: number[], low?: number[], high?: number[]}[]} lines */
function drawLines(plot, shift, lines) {
  plot.clear("data");
  const x = shiftsOf((s) => s), c = plot.layer("data");
  rule(plot, { x: shift }, { color: plot.theme.text });
  lines.forEach(({ y, low, high }, k) => {
    const { color, dash, marker } = plot.theme.series[k];
    if (low && high) fillBetween(plot, { x, low, high }, { color, alpha: 0.15 });
    curve(plot, { x, y }, { color, dash, width: 2.5 });
    points(plot, { x: [shift], y: [y[shift + MOST]] }, { color, marker: /** @type {any} */ (marker), size: 10 });
    c.font = FONT;
    c.textAlign = "left";
    c.textBaseline = "top";
    c.fillStyle = plot.theme.text;
    const left = plot.box.left + 8, top = plot.box.top + plot.box.height - 36 + 16 * k;
    c.fillText(NAMES[k], left + 34, top);
    c.strokeStyle = color;
    c.lineWidth = 2.5;
    c.setLineDash(dash);
    c.beginPath();
    c.moveTo(left, top + 6);
    c.lineTo(left + 28, top + 6);
    c.stroke();
    c.setLineDash([]);
  });
  plot.alt(lines.map(({ y }, k) => `${NAMES[k]}: ${Math.round(100 * y[shift + MOST]) / 100}`).join("; "));
}
