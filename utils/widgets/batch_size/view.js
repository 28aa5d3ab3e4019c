/** Batch size: the noise of the gradient, the path, loss over steps and over epochs. */
import { button, player, row, slider, toggle } from "../kit/controls.js";
import { el } from "../kit/dom.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";
import { arrival, createModel } from "./model.js";
import { createCloud, createContour, createLosses, styleOf } from "./panes.js";

/** @typedef {import("./model.js").Model} Model */

export default widget((ctx) => {
  const model = createModel(ctx), n = model.problem.n;
  const { epochs, steps, within, computations } = ctx.config.options;
  const contour = createContour(ctx, model), cloud = createCloud(ctx);
  const perStep = createLosses(ctx, { label: "Loss over steps", name: "step", end: steps, part: (_, k) => k });
  const perEpoch = createLosses(ctx, {
    label: "Loss over epochs", name: `epoch (${n} gradients each)`, end: epochs, part: (c, k) => c.costs[k] / n,
  });
  const panes = [
    pane("Where the next step may land", contour.plot.element), pane("200 random batches: their gradients here", cloud.plot.element),
    pane("Counted in steps", perStep.plot.element), pane("Counted in gradients", perEpoch.plot.element),
  ];
  const box = el("div", { class: "batch_size-panes" }, ...panes), tally = el("table", { class: "batch_size-tally" });
  /** @type {Model} */
  let now = model.at(ctx.state);
  ctx.root.append(...controls(ctx, n, () => now), box, tally);
  link(ctx, contour, perStep, perEpoch, n, () => now);
  ctx.help("Drag the start on the contour, or move it with the arrow keys. Drag on a loss curve to go through time.");

  return {
    resize(width) {
      const two = width >= 560;
      box.style.gridTemplateColumns = two ? "1fr 1fr" : "100%";
      for (const one of [contour, cloud, perStep, perEpoch]) one.plot.resize(two ? Math.floor((width - 14) / 2) : width);
    },
    update(state, changed) {
      now = model.at(state);
      // A new batch size means another number of steps: show the whole run again.
      if (changed.has("batch") && !changed.has("t") && state.t !== now.last) {
        ctx.set({ t: now.last }, { commit: true });
        now = model.at(ctx.state);
      }
      if (changed.has("theme") || changed.has("size")) {
        for (const one of [contour, cloud, perStep, perEpoch]) one.plot.axes();
        contour.ground();
      }
      const reach = span(now);
      cloud.plot.setDomain({ x: [-reach, reach], y: [-reach, reach] });
      contour.draw(now, state);
      cloud.draw(now);
      const range = [now.lowest - 0.05, Math.max(now.own.losses[0], now.lowest + 0.3) + 0.1];
      perStep.draw(now, range);
      perEpoch.draw(now, range);
      fill(tally, [now.own, ...now.others], now, ctx.theme, { within, n });
      tell(ctx, now, n, { within, computations });
    },
  };
});

/** @param {string} title @param {HTMLElement} element */
function pane(title, element) {
  return el("div", {}, el("h4", {}, title), element);
}

/** Zoom by doubling, so that a smaller cloud looks smaller. @param {Model} now */
function span({ cloud, gradient }) {
  const far = Math.max(...cloud.x.map(Math.abs), ...cloud.y.map(Math.abs), ...gradient.map(Math.abs), 0.1);
  return far < 0.5 ? 0.5 : far < 1 ? 1 : 2.5;
}

/** @param {any} ctx @param {number} n @param {() => Model} now */
function controls(ctx, n, now) {
  const go = (/** @type {number} */ t) => ctx.set({ t: Math.min(Math.max(0, t), now().last) });
  const play = player(ctx, {
    rewind: () => go(0), back: () => go(now().t - 1), step: () => go(now().t + 1), perSecond: 12,
    tick: () => {
      const { t, last } = now();
      // Long runs are played in larger pieces; play at the end begins again.
      const next = t < last ? Math.min(last, t + Math.ceil(last / 160)) : 0;
      go(next);
      return t >= last || next < last;
    },
  });
  const size = (/** @type {string} */ text, /** @type {string} */ name, /** @type {(b: number) => number} */ next) =>
    button(ctx, text, () => ctx.set({ batch: Math.min(n, Math.max(1, Math.round(next(ctx.state.batch)))) }), { name });
  const sizes = el("div", { class: "cw-buttons" }, size("1 (SGD)", "one", () => 1), size("÷ 2", "half", (b) => b / 2),
    size("× 2", "double", (b) => 2 * b), size(`all ${n}`, "all", () => n));
  return [
    row(slider(ctx, "batch"), sizes), row(slider(ctx, "lr"), play.element),
    row(slider(ctx, "seed"), toggle(ctx, "others")),
  ];
}

/** @param {any} ctx @param {any} contour @param {any} perStep @param {any} perEpoch @param {number} n @param {() => Model} now */
function link(ctx, contour, perStep, perEpoch, n, now) {
  const begin = (/** @type {any} */ { x, y }, commit = false) => ctx.set({ start: [x, y] }, { commit });
  contour.plot.pointer({ down: begin, move: begin, up: (/** @type {any} */ spot) => begin(spot, true) });
  contour.plot.keyPoint({
    label: "start of the path, moved by the arrow keys", get: () => ctx.state.start,
    set: (/** @type {number[]} */ p) => begin({ x: p[0], y: p[1] }, true),
  });
  const scrub = (/** @type {(x: number) => number} */ step) => {
    const to = (/** @type {any} */ { x }, commit = false) =>
      ctx.set({ t: Math.min(Math.max(0, Math.round(step(x))), now().last) }, { commit });
    return { down: to, move: to, up: (/** @type {any} */ spot) => to(spot, true) };
  };
  perStep.plot.pointer(scrub((x) => x));
  perEpoch.plot.pointer(scrub((x) => x * now().perEpoch));
}

/** Fill the table of who needed how much. @param {HTMLElement} tally @param {any[]} curves @param {Model} now @param {any} theme @param {{within: number, n: number}} options */
function fill(tally, curves, { lowest }, theme, { within, n }) {
  const head = ["batch", "steps an epoch", `steps until ${within} above lowest`, "gradients until then"];
  const rows = curves.map((one, k) => {
    const come = arrival(one, lowest, within), { color } = k ? styleOf(one.batch, theme) : theme.meanings.train;
    const mark = el("span", { "aria-hidden": "true" }, k ? "▬ " : "● ");
    mark.style.color = color;
    const cells = [`${one.batch}${k ? "" : " (yours)"}`, String(Math.ceil(n / one.batch)), come < 0 ? "never" : String(come), come < 0 ? "–" : String(one.costs[come])];
    return el("tr", k ? {} : { "data-own": "1" }, el("td", {}, mark, cells[0]), ...cells.slice(1).map((text) => el("td", {}, text)));
  });
  tally.replaceChildren(el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text))), ...rows);
}

/** @param {any} ctx @param {Model} now @param {number} n @param {{within: number, computations: number}} goal */
function tell(ctx, now, n, { within, computations }) {
  const { t, cost, loss, lowest, noise, gradient, own, perEpoch } = now;
  const slope = Math.hypot(...gradient);
  ctx.announce(`B = ${own.batch}: ${t} steps cost ${cost} gradients (${format(cost / n)} epochs). Loss ${format(loss)}, ${format(loss - lowest, 2)} above the lowest. Here the slope is ${format(slope, 2)}, its noise ${format(noise, 2)}.`);
  ctx.output("computations", String(cost));
  ctx.output("epochs", format(cost / n));
  ctx.output("steps_per_epoch", String(perEpoch));
  ctx.output("loss", format(loss));
  ctx.output("excess", format(loss - lowest, 2));
  ctx.output("noise", format(noise, 2));
  ctx.output("slope", format(slope, 2));
  const come = arrival(own, lowest, within);
  ctx.goal(come >= 0 && come <= t && own.costs[come] <= computations);
}
