/** A note, its feature maps, what a back end looks at, what it answers, and what a delay does. */
import { createAnswers } from "../kit/answers.js";
import { FONT } from "../kit/axes.js";
import { clipButton, createClips } from "../kit/clips.js";
import { radio, row, select, slider } from "../kit/controls.js";
import { curve, fillBetween, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { heatmap } from "../kit/heatmap.js";
import { argmax, delayPicture, delaySound } from "../kit/math/views.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";

const CELLS = 64, CHANNELS = 64, FRAMES = 16, CLASSES = 11;
/** @typedef {{parameters: number, accuracy: number[][], kept: number[]}} Measured */

export default widget((ctx) => {
  const { rate, seconds, step, families, truth, measured, made } = ctx.config.options;
  const back = ctx.config.fields.back_end, note = ctx.config.fields.note;
  const now = () => ({ b: back.options.indexOf(ctx.state.back_end), s: Math.round(ctx.state.shift / step), n: note.options.indexOf(ctx.state.note) });
  const reader = read(ctx, note.options.length);
  const time = { label: "time (s)", domain: [0, seconds] };
  const mel = createPlot(ctx, { label: "Log-mel spectrogram of the note", height: 150, x: time, y: { label: "mel band", domain: [0, CELLS] } });
  const maps = createPlot(ctx, { label: "Feature maps: one line a channel", height: 150, x: time, y: { label: "channel", domain: [0, CHANNELS] } });
  const when = createPlot(ctx, { label: "How much each moment counts for the answer", height: 130, x: time, y: { label: "counts (%)", domain: [0, 50] } });
  const answer = createAnswers(ctx, { label: "Probability of each family", classes: families });
  const right = createPlot(ctx, { label: "Practice notes named right, against the delay", height: 235, x: { label: "begins later by (s)", domain: [0, 2] }, y: { label: "right (%)", domain: [0, 80] } });
  const base = createClips({ bytes: ctx.data("files"), starts: ctx.data("starts"), rate });
  const clips = { rate, load: (/** @type {number} */ i) => base.load(i).then((sound) => delaySound(sound, Math.round(ctx.state.shift * rate))) };
  let head = /** @type {number | null} */ (null);
  const drawHead = () => { mel.clear("head"); if (head !== null) rule(mel, { x: head }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 }); };
  const { element: play, stop } = clipButton(ctx, { clips, index: () => now().n, label: "the note", name: "hear", playhead: (at) => { head = at; drawHead(); } });
  const choice = select(ctx, "note");
  ctx.on(choice, "change", stop);
  const says = el("p", { class: "back_ends-says" });
  const part = (/** @type {string} */ title, /** @type {any} */ plot) => el("div", { class: "back_ends-part" }, el("b", {}, title), plot.element);
  ctx.root.append(
    row(radio(ctx, "back_end")), row(choice, play, slider(ctx, "shift")),
    el("div", { class: "cw-columns" },
      el("div", {}, part("The note", mel), part("Front end: 64 maps, the same for all", maps), part("Back end: how much each moment counts", when)),
      el("div", {}, part("The answer", answer), part("789 practice notes, all back ends", right), legend(ctx)),
    ), says,
  );
  ctx.help(`Drag the note to the right, or in the last picture, to choose the delay. A stripe marks the right family. Trained and measured once: ${made}.`);
  const slide = (/** @type {any} */ { x }, commit = false) => ctx.set({ shift: Math.round(Math.min(2, Math.max(0, x)) / step) * step }, { commit });
  // The note itself can be pulled to the right.
  let from = { x: 0, shift: 0 };
  const pull = (/** @type {any} */ { x }, commit = false) => slide({ x: from.shift + x - from.x }, commit);
  mel.pointer({ down: ({ x }) => { from = { x, shift: ctx.state.shift }; }, move: pull, up: (spot) => pull(spot, true) });
  right.pointer({ down: slide, move: slide, up: (spot) => slide(spot, true) });
  /** @type {{changed: Set<string>, kept: Set<string>}} */
  const found = { changed: new Set(), kept: new Set() };

  return {
    resize(width) {
      const wide = width >= 576 ? Math.floor((width - 16) / 2) : width;
      for (const plot of [mel, maps, when, right]) plot.resize(wide);
    },
    update(state, changed) {
      const { b, s, n } = now(), fresh = changed.has("theme") || changed.has("size");
      if (fresh) for (const plot of [mel, maps, when, right]) plot.axes();
      heatmap(mel, reader.mel(n, s), { layer: "heat", range: [0, 255], cells: true });
      heatmap(maps, reader.maps(n, s), { layer: "heat", range: [0, 255], cells: true });
      drawHead();
      const share = reader.moments(b, s, n), probs = reader.probs(b, s, n);
      const color = ctx.theme.series[b % 6].color;
      drawMoments(when, share, color);
      answer.draw(probs, truth[n]);
      drawRight(right, measured, b, state.shift);
      const top = argmax(probs), plain = argmax(reader.probs(b, 0, n)), facts = measured[b];
      if (state.shift >= 1) found[top === plain ? "kept" : "changed"].add(state.back_end);
      const kept = `${Math.round(100 * facts.kept[s])} %`;
      setText(says, `${back.labels?.[b]}: ${facts.parameters} parameters with its last layer. Of 789 practice notes ${kept} keep their answer at this delay.`);
      ctx.output("name", back.labels?.[b] ?? "");
      ctx.output("answer", families[top]);
      ctx.output("sure", `${Math.round(100 * probs[top])} %`);
      ctx.output("right", `${Math.round(100 * facts.accuracy[s][0])} %`);
      ctx.output("parameters", String(facts.parameters));
      ctx.announce(`${back.labels?.[b]}, ${state.shift} s later: ${families[top]} with ${Math.round(100 * probs[top])} %, the note is ${families[truth[n]]}.`);
      ctx.goal(found.kept.size > 0 && found.changed.size > 0);
    },
  };
});

/** Names of the lines. @param {import("../kit/widget.js").Context} ctx */
function legend(ctx) {
  const names = ctx.config.fields.back_end.labels ?? [];
  return el("div", { class: "back_ends-legend" }, ...names.map((/** @type {string} */ name, /** @type {number} */ k) => {
    const { color, dash } = ctx.theme.series[k % 6], line = el("span", { class: "back_ends-line", "aria-hidden": "true" });
    line.style.borderTop = `3px ${dash.length === 0 ? "solid" : dash[0] < 2 ? "dotted" : "dashed"} ${color}`;
    return el("span", {}, line, name);
  }));
}

/** What the page holds, as grids that are kept. @param {import("../kit/widget.js").Context} ctx @param {number} notes */
function read(ctx, notes) {
  const mels = ctx.data("mels"), maps = ctx.data("maps"), probs = ctx.data("probs"), counts = ctx.data("moments");
  const { seconds, step } = ctx.config.options, shifts = Math.round(2 / step) + 1;
  /** @type {Map<string, import("../kit/heatmap.js").Grid>} */
  const kept = new Map();
  const keep = (/** @type {string} */ key, /** @type {() => ArrayLike<number>} */ make, /** @type {number} */ rows, /** @type {number} */ cols) => {
    let grid = kept.get(key);
    if (!grid) {
      grid = { values: make(), rows, cols, x: [0, seconds], y: [0, rows] };
      kept.set(key, grid);
    }
    return grid;
  };
  const piece = (/** @type {any} */ all, /** @type {number} */ at, /** @type {number} */ size) => all.subarray(at * size, (at + 1) * size);
  return {
    mel: (/** @type {number} */ n, /** @type {number} */ s) => keep(`mel ${n} ${s}`, () => delayPicture(piece(mels, n, CELLS * CELLS), CELLS, Math.round(s * step * 16)), CELLS, CELLS),
    maps: (/** @type {number} */ n, /** @type {number} */ s) => keep(`maps ${n} ${s}`, () => piece(maps, s * notes + n, CHANNELS * FRAMES), CHANNELS, FRAMES),
    probs: (/** @type {number} */ b, /** @type {number} */ s, /** @type {number} */ n) => piece(probs, (b * shifts + s) * notes + n, CLASSES),
    moments: (/** @type {number} */ b, /** @type {number} */ s, /** @type {number} */ n) => piece(counts, (b * shifts + s) * notes + n, FRAMES),
  };
}

/** @param {import("../kit/plot.js").Plot} plot @param {ArrayLike<number>} share @param {string} color */
function drawMoments(plot, share, color) {
  plot.clear("data");
  const [, seconds] = plot.xScale.domain, each = seconds / FRAMES;
  const most = Math.max(...Array.from(share)) * 100;
  plot.setDomain({ y: [0, most > 50 ? 100 : most > 25 ? 50 : 25] });
  plot.clipped("data", (c) => {
    c.fillStyle = color;
    c.strokeStyle = plot.theme.text;
    Array.from(share, (v, t) => {
      const left = plot.x((t + 0.1) * each), right = plot.x((t + 0.9) * each), top = plot.y(100 * v);
      c.fillRect(left, top, right - left, plot.y(0) - top);
      c.strokeRect(left, top, right - left, plot.y(0) - top);
    });
  });
  plot.alt(`Most at ${Math.round(100 * argmax(share) * each) / 100} s, with ${Math.round(most)} %.`);
}

/** @param {import("../kit/plot.js").Plot} plot @param {Measured[]} measured @param {number} chosen @param {number} shift */
function drawRight(plot, measured, chosen, shift) {
  plot.clear("data");
  const x = measured[0].kept.map((_, k) => (2 * k) / (measured[0].kept.length - 1));
  const own = measured[chosen].accuracy.map((row) => row.map((v) => 100 * v));
  const own_color = plot.theme.series[chosen % 6].color;
  fillBetween(plot, { x, low: own.map((v) => v[1]), high: own.map((v) => v[2]) }, { color: own_color, alpha: 0.18 });
  measured.forEach(({ accuracy }, k) => {
    const { color, dash } = plot.theme.series[k % 6];
    curve(plot, { x, y: accuracy.map((row) => 100 * row[0]) }, { color, dash, width: k === chosen ? 4 : 1.5 });
  });
  rule(plot, { x: shift }, { color: plot.theme.text });
  const at = Math.round(shift / 2 * (x.length - 1));
  points(plot, { x: [shift], y: [own[at][0]] }, { color: own_color, size: 10 });
  const c = plot.layer("data");
  c.font = FONT;
  c.fillStyle = plot.theme.muted;
  c.textAlign = "left";
  c.textBaseline = "bottom";
  c.fillText("band: 95 % interval of the chosen one", plot.box.left + 6, plot.y(0) - 4);
  plot.alt(`The chosen back end is right on ${Math.round(own[at][0])} %, interval ${Math.round(own[at][1])} to ${Math.round(own[at][2])} %.`);
}
