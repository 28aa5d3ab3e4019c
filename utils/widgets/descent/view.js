/** Gradient descent on a landscape: from above, in 3-D, along a line, and as a curve. */
import { player, row, select, slider, toggle } from "../kit/controls.js";
import { el, setText } from "../kit/dom.js";
import { SURFACES } from "../kit/math/surfaces.js";
import { format } from "../kit/scale.js";
import { createSurface3d } from "../kit/surface3d.js";
import { widget } from "../kit/widget.js";
import { createBasins } from "./basins.js";
import { createContour } from "./contour.js";
import { createCut } from "./cut.js";
import { heights } from "./heights.js";
import { createLosses } from "./losses.js";
import { arrival, compute, limitWords, reached, spot, words } from "./run.js";

/** @typedef {import("./contour.js").Hover} Hover */

/** @type {Record<string, string>} */
const HELP = {
  contour: "Point at a place to see its gradient.",
  surface: "Drag the 3-D view to turn it.",
  curve: "Drag the line in the cut to change the rate.",
  loss: "Drag on the loss curve to go through time.",
};

/**
 * Say what can be done in the views that are there; without a map the curve is no cut.
 * @param {string[]} views
 */
function helpWords(views) {
  const shown = views.filter((name) => name !== "curve" || views.includes("contour"));
  return ["Drag or click to set the start, or move it with the arrow keys.", ...shown.map((name) => HELP[name])].join(" ");
}

export default widget((ctx) => {
  const { views, show, rates, goal } = ctx.config.options;
  const contour = createContour(ctx), cut = createCut(ctx), losses = createLosses(ctx);
  const relief = createSurface3d(ctx, {
    label: "The loss as a landscape", names: ["θ₁", "θ₂"], view: () => view3d(ctx.state),
    turn: (view) => ctx.set(view, { commit: false }),
  });
  /** @type {Record<string, HTMLElement>} */
  const panes = { contour: contour.plot.element, surface: relief.element, curve: cut.plot.element, loss: losses.plot.element };
  const box = el("div", { class: "descent-panes" }, ...views.map((/** @type {string} */ name) => el("div", { "data-pane": name }, panes[name])));
  let model = compute(ctx.state);
  /** @type {Hover} */
  let hover = null;
  const point = (/** @type {Hover} */ next) => { hover = next; ctx.redraw("hover"); };
  const begin = (/** @type {number[]} */ p, commit = false) => ctx.set({ start: [p[0], p[1] ?? ctx.state.start[1]] }, { commit });
  link(ctx, { contour, cut, losses }, { model: () => model, begin, point });
  const basins = basinWorker(ctx, contour);
  const note = el("p", { class: "cw-help" });
  ctx.root.append(...controls(ctx, show, () => model), ...(show.includes("lr") ? [note] : []), box);
  ctx.help(helpWords(views));

  return {
    resize(width) {
      const two = width >= 560 && views.length > 1;
      const each = two ? Math.floor((width - 14) / 2) : width;
      box.style.gridTemplateColumns = two ? "1fr 1fr" : "100%";
      for (const pane of [contour.plot, cut.plot, losses.plot]) pane.resize(each);
      relief.resize(each);
    },
    update(state, changed) {
      // A new landscape comes with a start and a rate that suit it, unless these came along.
      if (changed.has("surface") && !changed.has("start") && !changed.has("size")) {
        const { start } = SURFACES[state.surface];
        ctx.set({ start: [start[0], start[1] ?? 0], lr: changed.has("lr") ? state.lr : rates[state.surface] });
        state = ctx.state;
      }
      if (!(changed.size === 1 && changed.has("hover"))) model = compute(state);
      if (hover && hover.step > model.t) hover = null;
      const flat = model.surface.dims === 1;
      for (const pane of box.children) {
        if (pane instanceof HTMLElement) pane.hidden = flat && ["contour", "surface"].includes(pane.dataset.pane ?? "");
      }
      const fresh = ["surface", "theme", "size"].some((key) => changed.has(key));
      if (fresh) for (const { plot } of [contour, cut, losses]) plot.axes();
      if (!flat && views.includes("contour")) {
        if (fresh) contour.ground(model);
        contour.draw(model, state, hover);
        basins(model.surface, state, fresh);
      }
      if (!flat && views.includes("surface")) drawRelief(relief, model, state, hover, fresh || changed.has("azimuth") || changed.has("elevation"), ctx.theme);
      if (views.includes("curve")) cut.draw(model, state, hover);
      if (views.includes("loss")) losses.draw(model, state, hover);
      setText(note, limitWords(model));
      tell(ctx, model, state, goal);
    },
  };
});

/** @param {any} state */
const view3d = ({ azimuth, elevation }) => ({ azimuth, elevation });

/** @param {any} ctx @param {string[]} show @param {() => any} model */
function controls(ctx, show, model) {
  const has = (/** @type {string} */ name) => show.includes(name);
  const limits = () => {
    const { limit, bend } = model();
    return limit > 0 ? [{ value: limit, label: `limit ${format(limit)} = ${ctx.state.momentum ? "2(1+β)" : "2"}/${format(bend)}` }] : [];
  };
  const { surfaces } = ctx.config.options;
  let played = -1;
  const go = (/** @type {number} */ t) => ctx.set({ t: Math.min(Math.max(0, t), model().last) });
  const play = player(ctx, {
    rewind: () => go(0), back: () => go(model().t - 1), step: () => go(model().t + 1), perSecond: 6,
    tick: () => {
      const { t, last } = model();
      // Play at the end begins again.
      played = t < last ? t + 1 : 0;
      go(played);
      return played < last;
    },
  });
  const seed = slider(ctx, "seed");
  ctx.bind((/** @type {any} */ state) => {
    seed.hidden = !state.noise;
    // Whoever moves the step by other means, reset included, takes over.
    if (play.playing() && state.t !== played) play.stop();
  });
  /** @type {(HTMLElement | false)[][]} */
  const rows = [
    [has("surface") && select(ctx, "surface", { options: surfaces }), has("play") && play.element],
    [has("lr") && slider(ctx, "lr", { marks: limits }), has("momentum") && slider(ctx, "momentum")],
    [has("play") && slider(ctx, "t"), has("steps") && slider(ctx, "steps")],
    [has("noise") && slider(ctx, "noise"), has("noise") && seed],
    [has("arrows") && toggle(ctx, "arrows"), has("basins") && toggle(ctx, "basins"), has("log") && toggle(ctx, "log")],
  ];
  return rows.map((items) => items.filter((item) => item !== false))
    .filter((items) => items.length).map((items) => row(...items));
}

/** Link pointer and keys of all panes. @param {any} ctx @param {any} panes @param {{model: () => any, begin: (p: number[], commit?: boolean) => void, point: (hover: Hover) => void}} actions */
function link(ctx, { contour, cut, losses }, { model, begin, point }) {
  const moved = (/** @type {any} */ { x, y }) => begin([x, y]);
  contour.plot.pointer({
    down: moved, move: moved, up: (/** @type {any} */ { x, y }) => begin([x, y], true),
    hover: (/** @type {any} */ spot) => point(spot && { pane: "contour", x: spot.x, y: spot.y, step: nearest(contour.plot, model(), spot) }),
  });
  contour.plot.keyPoint({ label: "start of the path, moved by the arrow keys", get: () => ctx.state.start, set: (/** @type {number[]} */ p) => begin(p, true) });
  const slid = (/** @type {any} */ { x }, commit = false) => {
    if (model().surface.dims === 1) begin([x], commit);
    else if (x > 0) ctx.set({ lr: Number(x.toPrecision(3)) }, { commit });
  };
  cut.plot.pointer({ down: slid, move: slid, up: (/** @type {any} */ spot) => slid(spot, true) });
  cut.plot.keyPoint({
    label: "start, or learning rate, moved by the arrow keys",
    get: () => [model().surface.dims === 1 ? ctx.state.start[0] : ctx.state.lr, 0],
    set: (/** @type {number[]} */ p) => slid({ x: p[0] }, true),
  });
  const scrub = (/** @type {any} */ { x }, commit = false) =>
    ctx.set({ t: Math.min(Math.max(0, Math.round(x)), model().last) }, { commit });
  losses.plot.pointer({
    down: scrub, move: scrub, up: (/** @type {any} */ spot) => scrub(spot, true),
    hover: (/** @type {any} */ spot) => {
      const step = spot ? Math.round(spot.x) : -1;
      point(step >= 0 && step <= model().t ? { pane: "loss", x: 0, y: 0, step } : null);
    },
  });
}

/** Return the step of the path that is under the pointer, or -1. @param {any} plot @param {any} model @param {any} spot */
function nearest(plot, { run, t }, { px, py }) {
  let best = -1, far = 10;
  for (let k = 0; k <= t; k++) {
    const d = Math.hypot(plot.x(run.path[k][0]) - px, plot.y(run.path[k][1]) - py);
    if (d < far) { far = d; best = k; }
  }
  return best;
}

/** Return a function that keeps the basins up to date without blocking. @param {any} ctx @param {any} contour */
function basinWorker(ctx, contour) {
  let key = "", shown = "";
  /** @type {any} */
  let work = null;
  let stop = () => {};
  return (/** @type {any} */ surface, /** @type {any} */ state, /** @type {boolean} */ fresh) => {
    const wanted = state.basins ? `${surface.name} ${state.lr} ${state.momentum}` : "";
    if (wanted !== key) {
      key = wanted;
      stop();
      work = wanted ? createBasins(surface, { lr: state.lr, momentum: state.momentum }) : null;
      if (work) stop = ctx.animate(() => {
        work.work();
        if (work.done) ctx.redraw("basins");
        return !work.done;
      });
    }
    if (work && !work.done) return;
    if (fresh || shown !== key) contour.basins(surface, work);
    shown = key;
  };
}

/** @param {any} relief @param {any} model @param {any} state @param {Hover} hover @param {boolean} fresh @param {any} theme */
function drawRelief(relief, { surface, run, t }, state, hover, fresh, theme) {
  const { mesh, part } = heights(surface);
  const place = (/** @type {number[]} */ p) => ({ x: p[0], y: p[1], z: part(surface.value(p)) });
  if (fresh) relief.mesh(mesh);
  const color = theme.meanings[state.momentum ? "momentum" : "gd"].color;
  const marks = hover && hover.step >= 0 ? [place(run.path[hover.step])] : [];
  relief.path(run.path.slice(0, t + 1).map(place), t, { color, marks });
  relief.alt(`${surface.name}; step ${t} at ${spot(run.path[t])}, loss ${format(run.losses[t])}.`);
}

/** @param {any} ctx @param {any} model @param {any} state @param {{within: number, steps: number}} goal */
function tell(ctx, model, state, goal) {
  const { run, t, limit, bend, rest } = model;
  ctx.announce(words(model, state));
  ctx.output("loss", format(run.losses[t]));
  ctx.output("slope", format(Math.hypot(...model.surface.gradient(run.path[t]))));
  ctx.output("limit", limit > 0 ? format(limit) : "none");
  ctx.output("curvature", format(bend));
  ctx.output("minimum", spot(rest));
  const come = arrival(model);
  ctx.output("arrival", come < 0 ? "never" : String(come));
  const first = reached(model, goal.within);
  ctx.goal(first >= 0 && first <= goal.steps && first <= t);
}
