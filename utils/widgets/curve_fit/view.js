/** Points of a pitch tracker, a polynomial through them, and the errors for every degree. */
import { playButton } from "../kit/audio.js";
import { radio, row, slider, toggle } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { measured, sing } from "../kit/math/melody.js";
import { GRID, nets, polynomials, TRUTH } from "./models.js";

const TIMES = GRID.map((u) => u + 1);
const LIMIT = 6, FLOOR = 1e-3, SLICE_MS = 5, NEAR = 1.25;
const SOUND = { rate: 22050, seconds: 2, base: 330 };

/** @typedef {import("./models.js").Family & {u: Float64Array, y: Float64Array}} Model */

export default widget((ctx) => {
  const degrees = (ctx.config.fields.degree.high ?? 15) + 1;
  const left = createPlot(ctx, { label: "Measured pitch and the fit", height: 300, x: { label: "time (s)", domain: [0, 2] }, y: { label: "pitch (semitones)", domain: [-LIMIT, LIMIT] } });
  const error = { label: "mean squared error", domain: /** @type {[number, number]} */ ([FLOOR, 100]), log: true };
  const overDegree = createPlot(ctx, { label: "Error over the degree", height: 300, x: { label: "degree", domain: [-0.4, degrees - 0.6] }, y: error });
  const overWidth = createPlot(ctx, { label: "Error over the width", height: 300, x: { label: "hidden units", domain: [0.8, 40], log: true }, y: { ...error, domain: [FLOOR, 10] } });
  /** @type {Model} */
  let model;
  let chosen = 0, time = -1;
  const playhead = (/** @type {number | null} */ now) => {
    time = now ?? -1;
    ctx.redraw("playhead");
  };
  const plays = [["♪ the singer", () => TRUTH, "singer"], ["♪ the fit", () => model.curveOf(sizeOf(ctx.state))(GRID), "fit"]].map(([name, pitch, key]) => {
    const { element } = playButton(ctx, { label: /** @type {string} */ (name), sound: () => ({ samples: sing(/** @type {() => Float64Array} */ (pitch)(), SOUND), rate: SOUND.rate }), playhead });
    element.classList.add("cw-button");
    element.dataset.key = /** @type {string} */ (key);
    return element;
  });
  const place = (/** @type {number} */ pitch, commit = false) => {
    const y = Math.round(Math.min(LIMIT, Math.max(-LIMIT, pitch)) * 100) / 100;
    const others = ctx.state.moved.filter((/** @type {number[]} */ [i]) => i !== chosen);
    ctx.set({ moved: [...others, [chosen, y]] }, { commit });
  };
  left.pointer({
    down: ({ px, py }) => {
      const away = Array.from(model.u, (u, i) => Math.hypot(left.x(u + 1) - px, left.y(model.y[i]) - py));
      chosen = away.indexOf(Math.min(...away));
      ctx.redraw("chosen");
    },
    move: ({ y }) => place(y),
    up: () => ctx.set({}),
  });
  left.keyPoint({
    label: "a measured point; left and right choose another",
    get: () => [model.u[chosen] + 1, model.y[chosen]],
    set: ([x, y]) => {
      const now = model.u[chosen] + 1;
      if (x !== now) {
        chosen = Math.min(model.u.length - 1, Math.max(0, chosen + (x > now ? 1 : -1)));
        ctx.redraw("chosen");
      } else place(y, true);
    },
  });
  for (const [plot, key, high] of /** @type {const} */ ([[overDegree, "degree", degrees - 1], [overWidth, "width", ctx.config.fields.width.high ?? 32]])) {
    const pick = (/** @type {{x: number}} */ { x }) => ctx.set({ [key]: Math.min(high, Math.max(key === "width" ? 1 : 0, Math.round(x))) }, { commit: false });
    plot.pointer({ down: pick, move: pick, up: () => ctx.set({}) });
  }
  const strength = slider(ctx, "strength"), degree = slider(ctx, "degree"), width = slider(ctx, "width");
  let training = false;
  const train = () => {
    if (training) return;
    training = true;
    ctx.animate(() => {
      training = ctx.state.model === "net" && model.work(ctx.state.width, SLICE_MS);
      ctx.redraw("training");
      return training;
    });
  };
  ctx.root.append(
    el("div", { class: "cw-columns" }, left.element, overDegree.element, overWidth.element),
    row(el("div", { class: "cw-buttons" }, ...plays)),
    row(radio(ctx, "model"), degree, width, row(toggle(ctx, "ridge")), strength),
    row(slider(ctx, "points"), slider(ctx, "noise"), slider(ctx, "seed")),
  );
  ctx.help("Drag a point up or down (arrow keys: left and right choose one, up and down move it). A click on the right chooses the degree or the width.");

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      [left, overDegree, overWidth].forEach((plot) => plot.resize(each));
    },
    update(state, changed) {
      const net = state.model === "net";
      const fresh = ["model", "points", "noise", "seed", "moved", "ridge", "strength"].some((key) => changed.has(key));
      if (fresh) model = fit(state, degrees, ctx.config.options.recipe);
      if (net && (fresh || changed.has("width"))) train();
      chosen = Math.min(chosen, model.u.length - 1);
      for (const [one, shown] of /** @type {const} */ ([[strength, state.ridge], [degree, !net], [width, net], [overDegree.element, !net], [overWidth.element, net]])) {
        one.hidden = !shown;
        one.style.display = shown ? "" : "none";
      }
      if (changed.has("theme")) [left, overDegree, overWidth].forEach((plot) => plot.axes());
      drawFit(left, model, sizeOf(state), chosen, time);
      drawErrors(net ? overWidth : overDegree, model, state);
      if (changed.size > 1 || !(changed.has("playhead") || (changed.has("training") && training))) tell(ctx, model, left);
    },
  };
});

/** The degree or the width. @param {import("../kit/state.js").State} state */
const sizeOf = ({ model, degree, width }) => (model === "net" ? width : degree);

/** @param {import("../kit/state.js").State} state @param {number} degrees @param {import("./models.js").Recipe} recipe @returns {Model} */
function fit(state, degrees, recipe) {
  const { u, y } = measured(state.points, state.noise, state.seed);
  for (const [i, pitch] of state.moved) if (i < y.length) y[i] = pitch;
  const options = { strength: state.ridge ? state.strength : 0, noise: state.noise };
  const family = state.model === "net" ? nets(u, y, { ...recipe, ...options }) : polynomials(u, y, { degrees, ...options });
  return Object.assign(family, { u, y });
}

/** @param {import("../kit/plot.js").Plot} plot @param {Model} model @param {number} size @param {number} chosen @param {number} time */
function drawFit(plot, { u, y, curveOf, progress }, size, chosen, time) {
  const { theme } = plot, { color } = theme.meanings.train;
  plot.clear("data");
  curve(plot, { x: TIMES, y: TRUTH }, { color: theme.muted, dash: [3, 4] });
  const fitted = curveOf(size)(GRID), here = curveOf(size)(u);
  u.forEach((v, i) => curve(plot, { x: [v + 1, v + 1], y: [y[i], here[i]] }, { color, width: 1, alpha: 0.6 }));
  curve(plot, { x: TIMES, y: fitted }, { color: theme.text, width: 3.5 });
  points(plot, { x: u.map((v) => v + 1), y }, { color, size: 9 });
  points(plot, { x: [u[chosen] + 1], y: [y[chosen]] }, { color, edge: theme.text, size: 13 });
  label(plot, { x: 0.02, y: LIMIT - 0.2, text: "● measured   ━ fit   ┄ truly sung" }, { color: theme.muted });
  if (progress(size) < 1) label(plot, { x: 0.02, y: -LIMIT + 0.9, text: `training … ${Math.round(100 * progress(size))} %` }, { color: theme.muted });
  if (time >= 0) rule(plot, { x: time }, { color: theme.accent, dash: [], width: 2 });
}

/** @param {import("../kit/plot.js").Plot} plot @param {Model} model @param {import("../kit/state.js").State} state */
function drawErrors(plot, model, state) {
  const { theme } = plot, { text } = theme, { noise, ridge } = state, here = sizeOf(state), now = model.errorsOf(here);
  const done = model.sizes.map((_, i) => i).filter((i) => !Number.isNaN(model.test[i])), x = done.map((i) => model.sizes[i]);
  const high = state.model === "net" ? 9 : 90;
  const shown = (/** @type {number} */ v) => Math.max(v, FLOOR * 1.02);
  plot.clear("data");
  rule(plot, { x: here }, { color: text, dash: [2, 3] });
  if (noise ** 2 > FLOOR) rule(plot, { y: noise ** 2, text: "noise σ²" }, { color: theme.muted });
  for (const name of /** @type {const} */ (["train", "test"])) {
    const { color, dash, marker } = theme.meanings[name], values = done.map((i) => model[name][i]);
    curve(plot, { x, y: values.map(shown) }, { color, dash, width: 3 });
    points(plot, { x, y: values.map(shown) }, { color, marker: /** @type {"o"} */ (marker), size: 7 });
    points(plot, { x: [here], y: [shown(now[name])] }, { color, marker: /** @type {"o"} */ (marker), edge: text, size: 13 });
    const at = Math.min(x.length - 1, name === "train" ? 10 : 12);
    if (at < 1) continue;
    const side = Math.min(high / 2, Math.max(2 * FLOOR, values[at] * (name === "train" ? 0.35 : 2.6)));
    label(plot, { x: state.model === "net" ? x[at] / 2.2 : x[at] - 1, y: side, text: name === "train" ? "training" : "test" }, { color });
  }
  const best = bestOf(model);
  if (best) points(plot, { x: [best.size], y: [shown(best.test)] }, { color: theme.meanings.test.color, edge: text, marker: "*", size: 16 });
  if (ridge) label(plot, { x: model.sizes[0], y: high, text: "with ridge penalty" }, { color: theme.muted });
}

/** The size with the smallest test error, when all are known. @param {Model} model */
function bestOf({ sizes, test }) {
  const least = Math.min(...test);
  return Number.isNaN(least) ? null : { size: sizes[test.indexOf(least)], test: least };
}

/** @param {import("../kit/widget.js").Context} ctx @param {Model} model @param {import("../kit/plot.js").Plot} plot */
function tell(ctx, model, plot) {
  const { noise, ridge, strength } = ctx.state, net = ctx.state.model === "net", size = sizeOf(ctx.state);
  const { train, test } = model.errorsOf(size), best = bestOf(model), count = model.u.length;
  if (!best || model.progress(size) < 1) {
    ctx.announce(`Net with ${size} hidden units: training …`);
    return;
  }
  const least = best.test;
  const word = test <= NEAR * least ? "a good fit" : size > best.size ? "overfitting" : "underfitting";
  const exact = !net && size + 1 >= count && !ridge ? " The curve goes through every point." : "";
  const name = net ? `Net with ${size} hidden unit${size === 1 ? "" : "s"} (${3 * size + 1} parameters)` : `Degree ${size}`;
  const bestText = ` Smallest test error: ${net ? "width" : "degree"} ${best.size} with ${formatNumber(least)}; noise alone ${formatNumber(noise ** 2)}.`;
  const text = `${name}${ridge ? `, λ = ${formatNumber(strength)}` : ""}: training error ${formatNumber(train < 1e-12 ? 0 : train)}, test error ${formatNumber(test)}: ${word}.${exact}${bestText}`;
  ctx.output("train", formatNumber(train < 1e-12 ? 0 : train));
  ctx.output("test", formatNumber(test));
  ctx.output("best", String(best.size));
  ctx.announce(text);
  plot.alt(text);
  ctx.goal(noise >= 0.2 && (net ? size === best.size : ridge ? size === 15 && test < 2 * noise ** 2 : size === best.size));
}
