/** Every knob of a small net, the curve that it draws, the parts of its units. */
import { playButton } from "../kit/audio.js";
import { button, radio, row, select, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el, formatNumber } from "../kit/dom.js";
import { ENVELOPES } from "../kit/math/envelopes.js";
import { optimizer } from "../kit/math/optimizers.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { bendOf, errorOf, keysOf, levels, partOf, TIMES } from "./net.js";
import { passed, tone } from "./tone.js";

/** What dragging over the whole height does to an output weight. */
const LIFT = 6;
const FIT = { lr: 0.03, perFrame: 6, frames: 400 };

export default widget((ctx) => {
  const units = ctx.config.fields.unit.options.map(Number);
  const sum = createPlot(ctx, {
    label: "What the net draws, and the target", height: 260,
    x: { label: "time (s)", domain: [0, 1] }, y: { label: "level ŷ", domain: [-0.3, 1.3] },
  });
  const parts = createPlot(ctx, {
    label: "What each hidden unit adds to the sum", height: 260,
    x: { label: "time (s)", domain: [0, 1] }, y: { label: "part vⱼ·g(wⱼt + bⱼ)", domain: [-3, 3] },
  });
  const knobs = units.map((/** @type {number} */ j) => row(slider(ctx, `w${j}`), slider(ctx, `b${j}`), slider(ctx, `v${j}`)));
  const fit = createFit(ctx);
  handles(ctx, sum);
  ctx.root.append(
    row(select(ctx, "target"), select(ctx, "activation")),
    row(radio(ctx, "unit")), ...knobs, row(slider(ctx, "c"), slider(ctx, "hidden")),
    row(el("div", { class: "cw-buttons" }, ...sounds(ctx, sum), fit.element)),
    el("div", { class: "cw-columns" }, sum.element, parts.element),
  );
  ctx.help("Drag a round mark: sideways moves the bend of its unit, up and down changes its output weight. Arrow keys do the same with the chosen unit.");

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      sum.resize(each);
      parts.resize(each);
    },
    update(state, changed) {
      const unit = Math.min(state.hidden, Number(state.unit));
      knobs.forEach((/** @type {HTMLElement} */ knob, /** @type {number} */ i) => { knob.hidden = i + 1 !== unit; });
      fit.check();
      const { loss, prediction } = errorOf(state);
      if (changed.has("theme") || changed.has("size")) [sum, parts].forEach((plot) => plot.axes());
      drawSum(sum, state, prediction, unit);
      drawParts(parts, state, unit);
      const bend = bendOf(state, unit);
      ctx.output("loss", formatNumber(loss, 2));
      ctx.output("parameters", String(3 * state.hidden + 1));
      ctx.output("bend", bend === null ? "nowhere" : `at ${formatNumber(bend)} s`);
      const where = bend === null ? "has no bend" : `bends at ${formatNumber(bend)} s`;
      ctx.announce(`Loss ${formatNumber(loss, 2)} with ${3 * state.hidden + 1} parameters. Unit ${unit} ${where}${fit.running() ? "; gradient descent turns the knobs" : ""}.`);
      ctx.goal(loss < 0.002);
    },
  };
});

/** @param {import("../kit/plot.js").Plot} plot @param {any} state @param {Float64Array} drawn @param {number} unit */
function drawSum(plot, state, drawn, unit) {
  plot.clear("data");
  const { target } = state;
  curve(plot, { x: TIMES, y: TIMES.map(ENVELOPES[target]) }, { color: plot.theme.muted, dash: [7, 4], width: 2.5 });
  curve(plot, { x: TIMES, y: drawn }, { color: plot.theme.accent, width: 4 });
  for (let j = 1; j <= state.hidden; j++) {
    const bend = bendOf(state, j);
    if (bend === null || bend < 0 || bend > 1) continue;
    const at = { x: [bend], y: [Math.min(1.27, Math.max(-0.27, levels(state, [bend])[0]))] };
    points(plot, at, { color: plot.theme.series[j - 1].color, edge: plot.theme.text, size: j === unit ? 17 : 12 });
  }
}

/** @param {import("../kit/plot.js").Plot} plot @param {any} state @param {number} unit */
function drawParts(plot, state, unit) {
  const all = Array.from({ length: state.hidden }, (_, k) => partOf(state, k + 1));
  const most = Math.max(1, ...all.map((part) => Math.max(...part.map(Math.abs))));
  // Steps, so that the axis rests while a knob is turned a little.
  const size = 2 ** Math.ceil(Math.log2(1.05 * most));
  plot.setDomain({ y: [-size, size] });
  plot.clear("data");
  rule(plot, { y: 0 }, { dash: [] });
  all.forEach((y, k) => {
    const { color, dash } = plot.theme.series[k];
    curve(plot, { x: TIMES, y }, { color, dash, width: k + 1 === unit ? 4 : 2 });
  });
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot */
function handles(ctx, plot) {
  let unit = 1, from = { y: 0, v: 0 };
  const placed = (/** @type {number} */ j, /** @type {number} */ x, /** @type {number} */ v) => {
    const w = ctx.state[`w${j}`];
    return { [`b${j}`]: Number((-w * Math.min(1, Math.max(0, x))).toFixed(2)), [`v${j}`]: Number(v.toFixed(2)), unit: String(j) };
  };
  const move = (/** @type {any} */ { x, y }, commit = false) =>
    ctx.set(placed(unit, x, from.v + LIFT * (y - from.y)), { commit });
  const down = (/** @type {any} */ spot) => {
    const far = Array.from({ length: ctx.state.hidden }, (_, k) => {
      const bend = bendOf(ctx.state, k + 1);
      return bend === null ? Infinity : Math.hypot(plot.x(bend) - spot.px, plot.y(levels(ctx.state, [bend])[0]) - spot.py);
    });
    if (Math.min(...far) > 110) return false;
    unit = far.indexOf(Math.min(...far)) + 1;
    from = { y: spot.y, v: ctx.state[`v${unit}`] };
    ctx.set({ unit: String(unit) }, { commit: false });
    return true;
  };
  plot.pointer({ down, move, up: (spot) => move(spot, true) });
  const chosen = () => Math.min(ctx.state.hidden, Number(ctx.state.unit));
  plot.keyPoint({
    label: "bend of the chosen unit, moved by the arrow keys",
    get: () => [bendOf(ctx.state, chosen()) ?? 0.5, 0.5],
    set: ([x, y]) => ctx.set(placed(chosen(), x, ctx.state[`v${chosen()}`] + LIFT * (y - 0.5))),
  });
}

/** @param {import("../kit/widget.js").Context} ctx @param {import("../kit/plot.js").Plot} plot */
function sounds(ctx, plot) {
  const playhead = (/** @type {number | null} */ time) => {
    plot.clear("head");
    if (time !== null) rule(plot, { x: passed(time) }, { layer: "head", color: plot.theme.warning, dash: [] });
  };
  return ["net", "target"].map((label) => {
    const sound = () => {
      const { state } = ctx;
      ctx.announce(`You hear a tone under the envelope of the ${label}.`);
      return tone(label === "net" ? (times) => levels(state, times) : (times) => times.map(ENVELOPES[state.target]));
    };
    const { element } = playButton(ctx, { label, playhead, sound });
    element.classList.add("cw-button");
    element.dataset.key = `hear_${label}`;
    return element;
  });
}

/** A button: gradient descent turns the knobs. @param {import("../kit/widget.js").Context} ctx */
function createFit(ctx) {
  /** @type {null | (() => void)} */
  let halt = null;
  let last = "";
  const numbers = () => JSON.stringify([ctx.state.target, ctx.state.activation, ...keysOf(ctx.state.hidden).map((key) => ctx.state[key])]);
  const stop = () => {
    halt?.();
    halt = null;
    element.setAttribute("aria-pressed", "false");
  };
  const start = () => {
    const step = optimizer("adam", { lr: FIT.lr }), keys = keysOf(ctx.state.hidden);
    let frames = 0;
    element.setAttribute("aria-pressed", "true");
    halt = ctx.animate(() => {
      let state = { ...ctx.state };
      for (let k = 0; k < FIT.perFrame; k++) {
        const { gradient } = errorOf(state);
        const theta = step(keys.map((key) => state[key]), gradient);
        state = { ...state, ...Object.fromEntries(keys.map((key, i) => [key, theta[i]])) };
      }
      const done = ++frames >= FIT.frames;
      ctx.set(Object.fromEntries(keys.map((key) => [key, state[key]])), { commit: done });
      last = numbers();
      if (done) stop();
      return !done;
    });
    last = numbers();
  };
  const element = button(ctx, "Let gradient descent turn the knobs", () => (halt ? stop() : start()), { name: "fit" });
  return {
    element,
    running: () => halt !== null,
    /** Whoever turns a knob meanwhile, reset included, takes over. */
    check() { if (halt && numbers() !== last) stop(); },
  };
}
