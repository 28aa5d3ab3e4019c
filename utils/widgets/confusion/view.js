/** A confusion matrix whose cells play notes, error bars by instrument, and the chosen note. */
import { bars } from "../kit/bars.js";
import { clipButton, createClips } from "../kit/clips.js";
import { button, radio, row, slider } from "../kit/controls.js";
import { rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { corners, filterBank, powerOf } from "../kit/math/frontEnd.js";
import { createPlot } from "../kit/plot.js";
import { createRebuild } from "../kit/rebuild.js";
import { spectrogram } from "../kit/spectrogram.js";
import { widget } from "../kit/widget.js";
import { createMatrix, createRecall } from "./matrix.js";

const WANTED = 3;

export default widget((ctx) => {
  const options = ctx.config.options, { rate, samples, bands, families, names, presets, score, groups } = options;
  const frames = samples / options.hop, seconds = samples / rate, n = families.length;
  const labels = families.map((/** @type {string} */ name) => name.replace("_", " "));
  const short = labels.map((/** @type {string} */ name) => ({ keyboard: "keyb.", "synth lead": "lead" })[name] ?? name);
  const truth = ctx.data("truth"), called = ctx.data("called"), chances = ctx.data("probabilities"), mels = ctx.data("mels");
  const starts = ctx.data("starts");
  const clips = createClips({ bytes: ctx.data("files"), starts, rate });
  const rebuild = createRebuild(ctx);
  const triangles = { scale: "mel", bands, low: options.low, high: options.high, size: options.size, rate };
  const centers = corners(triangles).slice(1, -1);
  const recorded = (/** @type {number} */ i) => starts[i + 1] > starts[i];
  const mistakes = names.filter((/** @type {string} */ _, /** @type {number} */ i) => truth[i] !== called[i]).length;
  /** Mistakes that were played. @type {Set<number>} */
  const heard = new Set();
  /** An empty cell that was pressed. @type {import("./matrix.js").Cell | null} */
  let empty = null;
  let drawn = -1;

  const matrix = createMatrix(ctx, { labels, short, counts: ctx.data("matrix"), choose });
  const recall = createRecall(ctx, { labels, recall: options.recall, score });
  const pair = el("div", { class: "confusion-pair" }, el("div", {}, matrix.plot.element), el("div", {}, recall.plot.element));
  const picture = createPlot(ctx, { label: "Log-mel picture", height: 220, x: { label: "time (s)", domain: [0, seconds] }, y: { label: "frequency (Hz)", domain: [0, bands] } });
  const sure = createPlot(ctx, { label: "Probabilities that the model gives", height: 220, x: { label: " ", domain: [-0.6, n - 0.4] }, y: { label: "probability", domain: [0, 1] } });
  const play = clipButton(ctx, {
    clips: { rate, load: sound }, index: () => ctx.state.note, label: "play this note", name: "play",
    playhead: (time) => {
      picture.clear("head");
      if (time !== null) rule(picture, { x: time }, { layer: "head", color: "#ff6a5a", dash: [], width: 2.5 });
    },
    started: (i) => {
      if (truth[i] !== called[i]) heard.add(i);
      ctx.announce(`You hear ${names[i]}${recorded(i) ? "" : ", made anew from its picture"}.`);
      ctx.redraw("heard");
    },
  });
  const other = button(ctx, "Another note of this cell", () => go(truth[ctx.state.note], called[ctx.state.note]), { name: "another" });
  const caption = el("p", {}), total = el("p", {});
  const plain = (/** @type {number} */ v) => `${(100 * v).toFixed(1)} %`;
  ctx.root.append(
    total, pair, row(radio(ctx, "show")),
    row(slider(ctx, "note"), el("div", { class: "cw-buttons" }, play.element, other)),
    caption, el("div", { class: "cw-columns" }, picture.element, sure.element),
  );
  setText(total, `Score ${plain(score[0])}: right answers, averaged over ${groups} instrument groups. With other instruments it would probably lie between ${plain(score[1])} and ${plain(score[2])} (the shaded band).`);
  ctx.help("Press a cell, or use the arrow keys in the matrix: a note of that cell is chosen. Rows are the truth, columns the answer.");
  ["score", "low", "high"].forEach((key, k) => ctx.output(key, plain(score[k])));
  ctx.output("groups", String(groups));

  /** @param {import("./matrix.js").Cell} cell */
  function choose(cell) {
    if (matrix.count(cell)) {
      empty = null;
      go(cell.row, cell.col);
      return;
    }
    empty = cell;
    ctx.redraw("empty");
  }

  /** Choose the next note of a cell. @param {number} row @param {number} col */
  function go(row, col) {
    const own = Array.from(truth.keys()).filter((i) => truth[i] === row && called[i] === col);
    const next = own[(own.indexOf(ctx.state.note) + 1) % own.length];
    empty = null;
    ctx.set({ note: next });
    ctx.redraw("empty");
  }

  /** @param {number} i @returns {Promise<Float32Array>} */
  function sound(i) {
    if (recorded(i)) return clips.load(i);
    ctx.announce("Looking for a sound that has this picture …");
    return rebuild.sound(String(i), () => ({
      power: powerOf(Array.from(mel(i), (v) => v / 255), { log: true, range: options.range }),
      bank: filterBank(triangles), grid: { size: options.size, hop: options.hop, samples },
    }));
  }

  /** @param {number} i */
  function mel(i) {
    return mels.subarray(i * bands * frames, (i + 1) * bands * frames);
  }

  return {
    resize(width) {
      const two = width >= 640, first = two ? Math.floor(width * 0.56) : width;
      pair.style.gridTemplateColumns = two ? `${first}px minmax(0, 1fr)` : "100%";
      matrix.plot.resize(first);
      recall.plot.resize(two ? width - first - 12 : width);
      const each = width >= 576 ? Math.floor((width - 16) / 2) : width;
      picture.resize(each);
      sure.resize(each);
    },
    update(state, changed) {
      const fresh = changed.has("theme") || changed.has("size"), i = Math.min(state.note, names.length - 1);
      if (fresh || changed.has("show")) matrix.draw(state.show === "percent");
      if (fresh) recall.draw();
      if (changed.has("note")) empty = null;
      matrix.mark(empty ?? { row: truth[i], col: called[i] }, Boolean(empty));
      if (drawn !== i) play.stop();
      if (drawn !== i || fresh) paint(i);
      drawn = i;
      const own = Array.from(truth.keys()).filter((k) => truth[k] === truth[i] && called[k] === called[i]);
      other.disabled = own.length < 2;
      words(i);
      ctx.goal(heard.size >= WANTED);
    },
  };

  /** @param {number} i */
  function paint(i) {
    picture.axes();
    picture.layer("axes").clearRect(18, 0, picture.box.left - 19, picture.box.top + picture.box.height + 7);
    spectrogram(picture, { values: mel(i), bands, frames, seconds, centers }, { layer: "axes", range: [0, 255] });
    sure.axes();
    sure.layer("axes").clearRect(40, sure.box.top + sure.box.height + 1, sure.box.width + 40, 40);
    sure.clear("data");
    const { good, warning, muted } = sure.theme;
    bars(sure, chances.subarray(i * n, (i + 1) * n), {
      color: (k) => (k === truth[i] ? good : k === called[i] ? warning : muted), hatch: (k) => k === truth[i], labels: short,
    });
  }

  /** @param {number} i */
  function words(i) {
    const wrong = truth[i] !== called[i], chance = (/** @type {number} */ k) => `${Math.round(100 * chances[i * n + k])} %`;
    const what = presets[i] ? ` (${presets[i]})` : "", source = recorded(i) ? "a recording" : "no recording here: play makes a sound from its picture";
    caption.className = wrong ? "confusion-wrong" : "";
    setText(caption, wrong
      ? `${i < mistakes ? `Mistake ${i + 1} of the ${mistakes} that can be heard here, the surest first: ` : ""}${labels[truth[i]]}${what}, called ${labels[called[i]]} with ${chance(called[i])}; ${labels[truth[i]]} got ${chance(truth[i])}. ${names[i]}: ${source}.`
      : `${labels[truth[i]]}${what}, named rightly with ${chance(called[i])}. ${names[i]}: ${source}.`);
    if (empty) ctx.announce(`No ${labels[empty.row]} was called ${labels[empty.col]}.`);
    else ctx.announce(`${matrix.count({ row: truth[i], col: called[i] })} of ${matrix.sums[truth[i]]} notes of ${labels[truth[i]]} were called ${labels[called[i]]}.`);
  }
});
