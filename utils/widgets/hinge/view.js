/** Three losses over the margin; drag the margin in the figure. */
import { FONT } from "../kit/axes.js";
import { radio, row, slider, toggle } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber, setText } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { hinge, hingeSlope, logistic, logisticSlope, zeroOne } from "../kit/math/margins.js";

const STEPS = 600;
/** @typedef {(margins: number[]) => number} Loss */
/** @type {{key: string, name: string, loss: Loss, slope: Loss, style: number}[]} */
const LOSSES = [
  { key: "zero_one", name: "0/1 loss", loss: zeroOne, slope: () => 0, style: 1 },
  { key: "hinge", name: "hinge", loss: hinge, slope: hingeSlope, style: 0 },
  { key: "logistic", name: "logistic", loss: logistic, slope: logisticSlope, style: 2 },
];

export default widget((ctx) => {
  const { low, high } = ctx.config.fields.margin;
  const xs = Float64Array.from({ length: STEPS + 1 }, (_, i) => low + ((high - low) * i) / STEPS);
  const main = createPlot(ctx, { label: "Losses over the margin", height: 250, x: { label: "margin m", domain: [low, high] }, y: { label: "loss", domain: [0, 4.2] } });
  const slopes = createPlot(ctx, { label: "Slopes of the losses over the margin", height: 150, x: { label: "margin m", domain: [low, high] }, y: { label: "slope", domain: [-1.3, 0.3] } });
  const values = LOSSES.map(() => el("b"));
  const keys = LOSSES.map(({ name }, i) => el("span", { class: "hinge-key" }, el("i", { "data-style": i }), `${name} `, values[i]));
  const rival = slider(ctx, "rival");
  for (const plot of [main, slopes]) {
    const drag = (/** @type {{x: number}} */ spot) => {
      const margin = Math.round(Math.min(high, Math.max(low, spot.x)) * 20) / 20;
      ctx.set({ margin }, { commit: false });
    };
    plot.pointer({ down: drag, move: drag, up: () => ctx.set({}) });
  }
  ctx.root.append(row(...keys), main.element, slopes.element, row(slider(ctx, "margin", { marks: () => [{ value: 1, label: "1" }] }), rival), row(radio(ctx, "classes"), toggle(ctx, "slopes")));
  ctx.help("Drag in the figure, or use the slider: arrow keys change the margin by 0.05, with Shift by 0.5.");

  return {
    resize(width) {
      main.resize(width);
      slopes.resize(width);
    },
    update(state, changed) {
      const all = (/** @type {number} */ m) => (state.classes === "three" ? [m, state.rival] : [m]);
      const here = all(state.margin);
      rival.hidden = state.classes !== "three";
      rival.style.display = rival.hidden ? "none" : "";
      slopes.element.hidden = !state.slopes;
      const top = state.classes === "three" ? 8.2 : 4.2;
      main.setDomain({ y: [0, top] });
      if (changed.has("theme")) [main, slopes].forEach((plot) => plot.axes());
      drawOne(main, (one) => one.loss, state.margin, all, xs);
      if (state.slopes) drawOne(slopes, (one) => one.slope, state.margin, all, xs);
      LOSSES.forEach(({ key, loss }, i) => {
        const text = loss(here).toFixed(2);
        setText(values[i], text);
        keys[i].style.setProperty("--hinge-color", ctx.theme.series[LOSSES[i].style].color);
        ctx.output(key, text);
      });
      tell(ctx, here);
    },
  };
});

/**
 * @param {import("../kit/plot.js").Plot} plot
 * @param {(one: {loss: Loss, slope: Loss}) => Loss} pick
 * @param {number} margin
 * @param {(m: number) => number[]} all
 * @param {Float64Array} xs
 */
function drawOne(plot, pick, margin, all, xs) {
  plot.clear("data");
  rule(plot, { x: 0 });
  sides(plot);
  LOSSES.forEach((one) => {
    const { color, dash, marker } = plot.theme.series[one.style];
    const f = pick(one);
    curve(plot, { x: xs, y: xs.map((m) => f(all(m))) }, { color, dash, width: one.key === "hinge" ? 3.5 : 2.5 });
    points(plot, { x: [margin], y: [f(all(margin))] }, { color, marker, size: 12 });
  });
  rule(plot, { x: margin }, { color: plot.theme.text, dash: [2, 3], width: 1.5 });
}

/** Say on which side of the boundary answers are right. @param {import("../kit/plot.js").Plot} plot */
function sides(plot) {
  const c = plot.layer("data");
  c.font = FONT;
  c.fillStyle = plot.theme.muted;
  c.textBaseline = "top";
  for (const [text, align, by] of /** @type {const} */ ([["← wrong", "right", -6], ["right →", "left", 6]])) {
    c.textAlign = align;
    c.fillText(text, plot.x(0) + by, plot.box.top + 3);
  }
}

/** @param {import("../kit/widget.js").Context} ctx @param {number[]} here */
function tell(ctx, here) {
  const right = zeroOne(here) === 0;
  const cost = LOSSES.map(({ name, loss, slope }) => `${name} ${loss(here).toFixed(2)}${ctx.state.slopes ? ` (slope ${formatNumber(slope(here), 2)})` : ""}`).join(", ");
  const rival = here.length > 1 ? ` and ${formatNumber(here[1])}` : "";
  const word = right ? (hinge(here) > 0 ? "right, but not by enough for the hinge" : "right by a wide margin") : "wrong";
  ctx.announce(`Margin ${formatNumber(here[0])}${rival}: ${word}. ${cost}.`);
  ctx.goal(here.length === 1 && here[0] >= 1 && here[0] < 1.05);
}
