/** What the network says, how the votes stand, and what augmentation did to six trainings. */
import { FONT } from "../kit/axes.js";
import { curve, fillBetween, rule } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";

/** @typedef {import("../kit/widget.js").Context} Context */
/** @typedef {{x: number[], own: number[], share: ArrayLike<number> | null, amount: number, at: number, neutral: number, vouched: number[], axis: string}} Curve */

/**
 * The probability of the right family against the amount.
 * @param {Context} ctx
 * @param {(amount: number) => void} choose
 */
export function createCurve(ctx, choose) {
  const plot = createPlot(ctx, {
    label: "Probability of the right family against the amount of the change", height: 210,
    x: { label: "amount", domain: [0, 1] }, y: { label: "right family", domain: [-0.06, 1.06] },
  });
  let x = [0];
  const nearest = (/** @type {number} */ v) => x.reduce((a, b) => (Math.abs(b - v) < Math.abs(a - v) ? b : a));
  plot.pointer({ down: (spot) => choose(nearest(spot.x)), move: (spot) => choose(nearest(spot.x)) });
  return {
    plot,
    /** @param {Curve} data */
    draw(data) {
      x = data.x;
      plot.names.x = data.axis;
      plot.setDomain({ x: [x[0], x[x.length - 1]] });
      plot.axes();
      plot.clear("data");
      const { theme } = plot, [low, high] = data.vouched.map((v) => Math.min(x[x.length - 1], Math.max(x[0], v)));
      if (high > low) fillBetween(plot, { x: [low, high], low: -0.06, high: [1.06, 1.06] }, { color: theme.good, alpha: 0.14 });
      rule(plot, { x: data.neutral });
      if (data.share) curve(plot, { x, y: data.share }, { color: theme.muted, width: 2, dash: [6, 4] });
      curve(plot, { x, y: data.own }, { color: theme.series[0].color, width: 3.5 });
      mark(plot, data.amount, data.own[data.at]);
      plot.alt(`From ${percent(Math.min(...data.own))} to ${percent(Math.max(...data.own))}; here ${percent(data.own[data.at])}.`);
    },
  };
}

/** A square with its number, where the slider is. @param {import("../kit/plot.js").Plot} plot @param {number} x @param {number} y */
function mark(plot, x, y) {
  const c = plot.layer("data"), px = plot.x(x), py = plot.y(y), left = px > plot.box.left + plot.box.width - 60;
  c.fillStyle = plot.theme.series[1].color;
  c.fillRect(px - 6, py - 6, 12, 12);
  c.font = `bold ${FONT}`;
  c.fillStyle = plot.theme.text;
  c.textAlign = left ? "right" : "left";
  c.textBaseline = y > 0.5 ? "top" : "bottom";
  c.fillText(percent(y), px + (left ? -10 : 10), py + (y > 0.5 ? 4 : -4));
}

/** @param {number} share */
export const percent = (share) => `${Math.round(100 * share)} %`;

/** How the votes stand. */
export function createTally() {
  const counts = el("p", {}), teach = el("ul", { class: "augmentation-list" });
  return {
    element: el("div", {}, counts, teach),
    /** @param {{counts: string, lines: string[]}} found */
    draw({ counts: text, lines }) {
      setText(counts, text);
      const wanted = lines.join("|");
      if (teach.dataset.lines === wanted) return;
      teach.dataset.lines = wanted;
      teach.replaceChildren(...lines.map((line) => el("li", {}, line)));
    },
  };
}

/**
 * The result of the trainings, folded.
 * @param {{head: string[], rows: {sure: string, cells: string[]}[], words: string, title: string}} experiment
 */
export function createExperiment({ head, rows, words, title }) {
  const body = rows.map(({ sure, cells }) =>
    el("tr", { "data-sure": sure }, ...cells.map((text, i) => el(i ? "td" : "th", i ? {} : { scope: "row" }, text))));
  const top = el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text))));
  return el("details", { class: "augmentation-experiment" }, el("summary", {}, title),
    el("div", { class: "augmentation-scroll" }, el("table", {}, top, el("tbody", {}, ...body))), el("p", { class: "cw-help" }, words));
}
