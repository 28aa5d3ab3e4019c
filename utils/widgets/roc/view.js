/** A threshold over two histograms, the point on the ROC curve, and 1000 notes sorted by it. */
import { playButton } from "../kit/audio.js";
import { row, select, slider, toggle } from "../kit/controls.js";
import { curve, fillBetween, rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { binCounts, histogram } from "../kit/histogram.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { accuracy, areaUnder, rates, rocCurve } from "../kit/math/roc.js";
import { createCrowd } from "./crowd.js";

const BINS = 24;

/** @param {number} part */
const percent = (part) => `${(part * 100).toFixed(part > 0.1 && part < 0.9 ? 0 : 1)}\u00a0%`;

/** @typedef {{scores: Float64Array, labels: Uint8Array, curve: ReturnType<typeof rocCurve>, auc: number}} Detector */

export default widget((ctx) => {
  const { low, high } = ctx.config.fields.threshold;
  const tags = ctx.config.fields.tag.options;
  const sides = createPlot(ctx, { label: "Scores of tagged and of other notes", height: 250, x: { label: "score", domain: [low, high] }, y: { label: "part of all notes", domain: [0, 0.2] } });
  const roc = createPlot(ctx, { label: "ROC curve", height: 250, x: { label: "false positive rate", domain: [-0.03, 1.03] }, y: { label: "true positive rate", domain: [-0.03, 1.03] } });
  const crowd = createCrowd();
  /** @type {Detector} */
  let detector;
  /** Which of the two examples sounds now, or −1. */
  let sounding = -1;
  const buttons = [0, 1].map((which) => createExample(ctx, which, (on) => {
    sounding = on ? which : -1;
    ctx.redraw("sounding");
  }));

  const drag = (/** @type {{x: number}} */ spot) => {
    const threshold = Math.round(Math.min(high, Math.max(low, spot.x)) * 20) / 20;
    ctx.set({ threshold }, { commit: false });
  };
  sides.pointer({ down: drag, move: drag, up: () => ctx.set({}) });
  ctx.root.append(
    row(select(ctx, "tag"), toggle(ctx, "flip")),
    el("div", { class: "cw-columns" }, sides.element, roc.element),
    row(slider(ctx, "threshold"), slider(ctx, "share")),
    crowd.root,
    row(el("div", { class: "cw-buttons" }, ...buttons.map(({ element }) => element))),
  );
  ctx.help("Drag the threshold in the left figure, or use its slider: arrow keys move it by 0.05, with Shift by 0.5.");

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      sides.resize(each);
      roc.resize(each);
      crowd.resize(width);
    },
    update(state, changed) {
      const index = tags.indexOf(state.tag);
      if (changed.has("tag") || changed.has("flip")) detector = open(ctx, index, state.flip ? -1 : 1);
      if (changed.has("theme")) [sides, roc].forEach((plot) => plot.axes());
      const point = rates(detector.scores, detector.labels, state.threshold);
      const share = state.share / 100;
      const shown = sounding < 0 ? null : { row: ctx.config.options.examples[index][sounding], tagged: sounding === 0 };
      drawSides(sides, detector, state.threshold, share, shown);
      drawRoc(roc, detector, point);
      crowd.draw(point, share, ctx.theme);
      buttons.forEach(({ name }, which) => name(ctx.config.options.families[index][which], state.tag));
      tell(ctx, point, share, detector.auc);
    },
  };
});

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {number} index @param {number} sign
 * @returns {Detector}
 */
function open(ctx, index, sign) {
  const all = ctx.data("scores"), marks = ctx.data("labels"), n = all.shape[1];
  const scores = Float64Array.from(all.subarray(index * n, (index + 1) * n), (v) => sign * v);
  const labels = marks.subarray(index * n, (index + 1) * n);
  const found = rocCurve(scores, labels);
  return { scores, labels, curve: found, auc: areaUnder(found) };
}

/**
 * A button with the tagged note, or the other one, that scores highest.
 * @param {import("../kit/widget.js").Context} ctx @param {number} which
 * @param {(on: boolean) => void} sounds
 */
function createExample(ctx, which, sounds) {
  const tags = ctx.config.fields.tag.options;
  const pcm = ctx.data("pcm"), length = pcm.shape[2];
  const place = () => (2 * tags.indexOf(ctx.state.tag) + which) * length;
  const { element } = playButton(ctx, {
    sound: () => ({ samples: pcm.slice(place(), place() + length), rate: ctx.config.options.rate }),
    label: which ? "its strongest rival" : "a tagged note",
    playhead: (time) => sounds(time !== null),
  });
  element.classList.add("cw-button");
  element.dataset.key = which ? "rival" : "tagged";
  return {
    element,
    /** @param {string} family @param {string} tag */
    name(family, tag) {
      element.title = which ? `The highest score of all notes that are no ${tag}: ${family}` : `The ${family} note with the highest score`;
    },
  };
}

/**
 * @param {import("../kit/plot.js").Plot} plot @param {Detector} detector
 * @param {number} threshold @param {number} share
 * @param {{row: number, tagged: boolean} | null} shown the note that sounds
 */
function drawSides(plot, { scores, labels }, threshold, share, shown) {
  const range = plot.xScale.domain;
  const sides = [0, 1].map((value) => {
    const chosen = scores.filter((_, i) => labels[i] === value);
    const part = value ? share : 1 - share;
    return binCounts(chosen, { range, bins: BINS }).map((count) => (count * part) / chosen.length);
  });
  const top = 1.12 * Math.max(...sides[0], ...sides[1]);
  plot.setDomain({ y: [0, top] });
  plot.clear("data");
  const [others, tagged] = [plot.theme.series[0].color, plot.theme.series[1].color];
  histogram(plot, { counts: sides[0], range }, { color: others, alpha: 0.35 });
  histogram(plot, { counts: sides[1], range }, { color: tagged, alpha: 0.75 });
  fillBetween(plot, { x: [threshold, range[1]], low: 0, high: [top, top] }, { color: plot.theme.muted, alpha: 0.14 });
  rule(plot, { x: threshold }, { color: plot.theme.text, width: 2.5, dash: [] });
  label(plot, { x: threshold, y: top, text: "“yes” →" });
  if (shown) points(plot, { x: [scores[shown.row]], y: [top / 20] }, { color: shown.tagged ? tagged : others, edge: plot.theme.text, marker: "v", size: 16 });
}

/**
 * @param {import("../kit/plot.js").Plot} plot @param {Detector} detector
 * @param {{fpr: number, tpr: number}} point
 */
function drawRoc(plot, { curve: { fpr, tpr }, auc }, point) {
  plot.clear("data");
  const { color } = plot.theme.series[1];
  fillBetween(plot, { x: fpr, low: 0, high: tpr }, { color, alpha: 0.18 });
  curve(plot, { x: [0, 1], y: [0, 1] }, { color: plot.theme.muted, dash: [3, 4], width: 1.5 });
  label(plot, { x: 0.06, y: 0.34, text: "guessing: 0.5" }, { color: plot.theme.muted });
  curve(plot, { x: fpr, y: tpr }, { color, width: 3 });
  label(plot, { x: 0.4, y: 0.2, text: `AUC = ${auc.toFixed(3)}` });
  points(plot, { x: [point.fpr], y: [point.tpr] }, { color: plot.theme.text, edge: plot.theme.background, size: 14 });
}

/**
 * @param {import("../kit/widget.js").Context} ctx
 * @param {{fpr: number, tpr: number}} point @param {number} share @param {number} auc
 */
function tell(ctx, point, share, auc) {
  const right = accuracy(point, share);
  const worse = auc < 0.5 ? " Below 0.5: the order is upside down, flip it." : "";
  ctx.announce(
    `Found: ${percent(point.tpr)} of the tagged notes. Wrongly tagged: ${percent(point.fpr)} of the others. ` +
    `Accuracy ${percent(right)}; always saying no: ${percent(1 - share)}. AUC ${auc.toFixed(3)}.${worse}`,
  );
  ctx.output("tpr", percent(point.tpr));
  ctx.output("fpr", percent(point.fpr));
  ctx.output("accuracy", percent(right));
  ctx.output("never", percent(1 - share));
  ctx.output("auc", auc.toFixed(3));
  ctx.goal(right > 0.95 && point.tpr < 0.05);
}
