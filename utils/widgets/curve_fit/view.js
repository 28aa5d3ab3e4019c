/** Points of a pitch tracker, a polynomial through them, and the errors for every degree. */
import { playButton } from "../kit/audio.js";
import { row, slider, toggle } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { measured, sing, sung } from "../kit/math/melody.js";
import { meanSquare, polynomialAt, polynomialFit } from "../kit/math/polynomial.js";

const GRID = Float64Array.from({ length: 201 }, (_, i) => -1 + i / 100);
const TRUTH = GRID.map(sung), TIMES = GRID.map((u) => u + 1);
const LIMIT = 6, FLOOR = 1e-3;
const SOUND = { rate: 22050, seconds: 2, base: 330 };

/** @typedef {{u: Float64Array, y: Float64Array, fits: Float64Array[], train: number[], test: number[], best: number}} Model */

export default widget((ctx) => {
  const degrees = (ctx.config.fields.degree.high ?? 15) + 1;
  const left = createPlot(ctx, { label: "Measured pitch and the fit", height: 300, x: { label: "time (s)", domain: [0, 2] }, y: { label: "pitch (semitones)", domain: [-LIMIT, LIMIT] } });
  const right = createPlot(ctx, { label: "Error over the degree", height: 300, x: { label: "degree", domain: [-0.4, degrees - 0.6] }, y: { label: "mean squared error", domain: [FLOOR, 100], log: true } });
  /** @type {Model} */
  let model;
  let chosen = 0, time = -1;
  const playhead = (/** @type {number | null} */ now) => {
    time = now ?? -1;
    ctx.redraw("playhead");
  };
  const plays = [["♪ the singer", () => TRUTH, "singer"], ["♪ the fit", () => polynomialAt(model.fits[ctx.state.degree], GRID), "fit"]].map(([name, pitch, key]) => {
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
  const pick = (/** @type {{x: number}} */ { x }) => ctx.set({ degree: Math.min(degrees - 1, Math.max(0, Math.round(x))) }, { commit: false });
  right.pointer({ down: pick, move: pick, up: () => ctx.set({}) });
  const strength = slider(ctx, "strength");
  ctx.root.append(
    el("div", { class: "cw-columns" }, left.element, right.element),
    row(el("div", { class: "cw-buttons" }, ...plays)),
    row(slider(ctx, "degree"), row(toggle(ctx, "ridge")), strength),
    row(slider(ctx, "points"), slider(ctx, "noise"), slider(ctx, "seed")),
  );
  ctx.help("Drag a point up or down (arrow keys: left and right choose one, up and down move it). A click on the right chooses the degree.");

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      left.resize(each);
      right.resize(each);
    },
    update(state, changed) {
      const fresh = ["points", "noise", "seed", "moved", "ridge", "strength"].some((key) => changed.has(key));
      if (fresh) model = fit(state, degrees);
      chosen = Math.min(chosen, model.u.length - 1);
      strength.hidden = !state.ridge;
      strength.style.display = state.ridge ? "" : "none";
      if (changed.has("theme")) [left, right].forEach((plot) => plot.axes());
      drawFit(left, model, state.degree, chosen, time);
      drawErrors(right, model, state);
      if (changed.size > 1 || !changed.has("playhead")) tell(ctx, model, left);
    },
  };
});

/** @param {import("../kit/state.js").State} state @param {number} degrees @returns {Model} */
function fit(state, degrees) {
  const { u, y } = measured(state.points, state.noise, state.seed);
  for (const [i, pitch] of state.moved) if (i < y.length) y[i] = pitch;
  const strength = state.ridge ? state.strength : 0;
  const fits = Array.from({ length: degrees }, (_, degree) => polynomialFit(u, y, { degree, strength }));
  const train = fits.map((w) => meanSquare(polynomialAt(w, u), y));
  const test = fits.map((w) => meanSquare(polynomialAt(w, GRID), TRUTH) + state.noise ** 2);
  return { u, y, fits, train, test, best: test.indexOf(Math.min(...test)) };
}

/** @param {import("../kit/plot.js").Plot} plot @param {Model} model @param {number} degree @param {number} chosen @param {number} time */
function drawFit(plot, { u, y, fits }, degree, chosen, time) {
  const { theme } = plot, { color } = theme.meanings.train;
  plot.clear("data");
  curve(plot, { x: TIMES, y: TRUTH }, { color: theme.muted, dash: [3, 4] });
  const fitted = polynomialAt(fits[degree], GRID);
  const here = polynomialAt(fits[degree], u);
  u.forEach((v, i) => curve(plot, { x: [v + 1, v + 1], y: [y[i], here[i]] }, { color, width: 1, alpha: 0.6 }));
  curve(plot, { x: TIMES, y: fitted }, { color: theme.text, width: 3.5 });
  points(plot, { x: u.map((v) => v + 1), y }, { color, size: 9 });
  points(plot, { x: [u[chosen] + 1], y: [y[chosen]] }, { color, edge: theme.text, size: 13 });
  label(plot, { x: 0.02, y: LIMIT - 0.2, text: "● measured   ━ fit   ┄ truly sung" }, { color: theme.muted });
  if (time >= 0) rule(plot, { x: time }, { color: theme.accent, dash: [], width: 2 });
}

/** @param {import("../kit/plot.js").Plot} plot @param {Model} model @param {import("../kit/state.js").State} state */
function drawErrors(plot, { train, test, best }, { degree, noise, ridge }) {
  const { theme } = plot, x = train.map((_, i) => i), { text } = theme;
  const shown = (/** @type {number[]} */ all) => all.map((v) => Math.max(v, FLOOR * 1.02));
  plot.clear("data");
  rule(plot, { x: degree }, { color: text, dash: [2, 3] });
  if (noise ** 2 > FLOOR) rule(plot, { y: noise ** 2, text: "noise σ²" }, { color: theme.muted });
  for (const [name, values, at] of /** @type {const} */ ([["train", train, 10], ["test", test, 12]])) {
    const { color, dash, marker } = theme.meanings[name];
    curve(plot, { x, y: shown(values) }, { color, dash, width: 3 });
    points(plot, { x, y: shown(values) }, { color, marker: /** @type {"o"} */ (marker), size: 7 });
    points(plot, { x: [degree], y: shown([values[degree]]) }, { color, marker: /** @type {"o"} */ (marker), edge: text, size: 13 });
    const side = Math.min(50, Math.max(2 * FLOOR, values[at] * (name === "train" ? 0.35 : 2.6)));
    label(plot, { x: at - 1, y: side, text: name === "train" ? "training" : "test" }, { color });
  }
  points(plot, { x: [best], y: shown([test[best]]) }, { color: theme.meanings.test.color, edge: text, marker: "*", size: 16 });
  if (ridge) label(plot, { x: 0, y: 90, text: "with ridge penalty" }, { color: theme.muted });
}

/** @param {import("../kit/widget.js").Context} ctx @param {Model} model @param {import("../kit/plot.js").Plot} plot */
function tell(ctx, { train, test, best, u }, plot) {
  const { degree, noise, ridge, strength } = ctx.state;
  const word = test[degree] <= 1.1 * test[best] ? "a good fit" : test[degree] > 1.6 * train[degree] ? "overfitting" : "underfitting";
  const exact = degree + 1 >= u.length && !ridge ? " The curve goes through every point." : "";
  const text = `Degree ${degree}${ridge ? `, λ = ${formatNumber(strength)}` : ""}: training error ${formatNumber(train[degree] < 1e-12 ? 0 : train[degree])}, test error ${formatNumber(test[degree])}: ${word}.${exact} Smallest test error: degree ${best} with ${formatNumber(test[best])}; noise alone ${formatNumber(noise ** 2)}.`;
  ctx.output("train", formatNumber(train[degree]));
  ctx.output("test", formatNumber(test[degree]));
  ctx.output("best", String(best));
  ctx.announce(text);
  plot.alt(text);
  ctx.goal(noise >= 0.2 && (ridge ? degree === 15 && test[degree] < 2 * noise ** 2 : degree === best));
}
