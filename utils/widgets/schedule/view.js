/** A learning rate to draw or choose, and runs of a small CNN with it. */
import { button, row, select, slider } from "../kit/controls.js";
import { curve } from "../kit/curves.js";
import { el, setText } from "../kit/dom.js";
import { NoKernel, Superseded } from "../kit/kernel.js";
import { rateAt } from "../kit/math/schedules.js";
import { createPlot } from "../kit/plot.js";
import { points } from "../kit/points.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";
import { createRuns, last, USES } from "./runs.js";

/** @typedef {import("./runs.js").Run} Run */

const LOW = 5e-4, HIGH = 1;

export default widget((ctx) => {
  const { updates, check, knots } = ctx.config.options;
  const runs = createRuns(ctx.config.options);
  const x = { label: "update", domain: [0, updates] };
  const rates = createPlot(ctx, { label: "Learning rate over the updates", height: 200, x, y: { label: "learning rate η", domain: [LOW, HIGH], log: true } });
  const losses = createPlot(ctx, { label: "Loss over the updates", height: 240, x, y: { label: "loss", domain: [0.8, 2.6] } });
  const note = el("p", { class: "schedule-note" }), table = el("table", { class: "schedule-runs" });
  /** @type {Run | null} */
  let running = null;
  // The drawing as it was drawn, and the one made of it: stretching must not wear it out.
  let shape = { lr: ctx.state.lr, hand: ctx.state.hand };
  /** @type {number[]} */
  let scaled = [];
  const train = button(ctx, "▶ Train with it", () => start(), { name: "train" });
  const stop = button(ctx, "■ Stop", () => { ctx.stop(); setText(note, "Stopping …"); }, { name: "stop" });
  const clear = button(ctx, "Forget my runs", () => { runs.forget(); setText(note, ""); ctx.redraw("runs"); }, { name: "forget" });
  const sliders = Object.fromEntries(["lr", "every", "factor", "rate"].map((key) => [key, slider(ctx, key)]));
  // Reset ends what the kernel does for this widget.
  const reset = ctx.root.parentElement?.querySelector(".cw-reset");
  if (reset) ctx.on(reset, "click", () => ctx.stop());
  ctx.bind((state) => {
    for (const [key, element] of Object.entries(sliders)) element.hidden = key !== "lr" && !USES[state.kind].includes(key);
    train.disabled = running !== null;
    stop.disabled = running === null;
    clear.disabled = running !== null || runs.own.length === 0;
  });
  ctx.root.append(
    row(select(ctx, "kind"), el("div", { class: "cw-buttons" }, train, stop, clear)), row(...Object.values(sliders)),
    el("div", { class: "schedule-panes" }, el("h4", {}, "Learning rate: drag in it to draw your own"), rates.element,
      el("h4", {}, "Loss: thick on unseen notes, thin on the batches"), losses.element), note, table);
  ctx.help("Drag in the upper figure to draw. With the keyboard: left and right choose a handle, up and down move it.");
  draw(ctx, rates, { updates, knots });

  async function start() {
    const run = runs.begin(ctx.state);
    running = run;
    setText(note, "Training …");
    ctx.redraw("runs");
    const { promise, take } = looks(run);
    try {
      const { payload } = await promise;
      Object.assign(run, payload, { done: true });
      setText(note, "");
    } catch (error) {
      if (run.validation.length < 2) runs.forget(run);
      if (error instanceof NoKernel) setText(note, "Training needs a running kernel: run this notebook to train with your own schedule. The curves here are stored runs.");
      else if (error instanceof Superseded) setText(note, "Stopped.");
      else setText(note, `It did not work: ${error instanceof Error ? error.message : error}`);
    }
    take.stop = true;
    running = null;
    ctx.redraw("runs");
  }

  /** Ask the kernel for a run, and take its looks as they come. @param {Run} run */
  function looks(run) {
    const take = { stop: false };
    const promise = ctx.request("train", { state: ctx.state }, {
      progress: ({ payload }) => {
        if (take.stop) return;
        runs.look(run, payload);
        ctx.redraw("runs");
      },
    });
    return { promise, take };
  }

  return {
    resize(width) {
      for (const plot of [rates, losses]) plot.resize(width);
    },
    update(state, changed) {
      // The highest rate of a drawn schedule stretches the drawing.
      if (state.hand !== scaled && (changed.has("hand") || changed.has("kind"))) shape = { lr: state.lr, hand: state.hand };
      else if (changed.has("lr") && state.kind === "hand") {
        ctx.set({ hand: shape.hand.map((/** @type {number} */ v) => within(v * state.lr / shape.lr)) });
        state = ctx.state;
        scaled = state.hand;
      }
      if (changed.has("theme")) for (const plot of [rates, losses]) plot.axes();
      const shown = runs.shown(state);
      drawRates(rates, { state, shown, planned: runs.rates(state), check, updates, knots });
      drawLosses(losses, shown, check);
      list(table, shown, { theme: ctx.theme, state, isStored: runs.isStored(state) });
      tell(ctx, runs, shown, state);
    },
  };
});

/** Return a rate that can be drawn. @param {number} v */
function within(v) {
  return Number(Math.min(HIGH, Math.max(LOW, v)).toPrecision(3));
}

/** Let the pointer and the keys draw a schedule. @param {any} ctx @param {import("../kit/plot.js").Plot} plot @param {{updates: number, knots: number}} options */
function draw(ctx, plot, { updates, knots }) {
  let chosen = 0, before = -1;
  // Drawing begins with the schedule that is shown.
  const drawn = () => (ctx.state.kind === "hand" ? ctx.state.hand.slice()
    : Array.from({ length: knots }, (_, k) => within(rateAt(ctx.state, Math.min(updates - 1, updates * k / (knots - 1)), updates))));
  const at = (/** @type {number} */ v) => Math.min(knots - 1, Math.max(0, Math.round(v / updates * (knots - 1))));
  const put = (/** @type {any} */ { x, y }, commit = false) => {
    const hand = drawn(), to = at(x), from = before < 0 ? to : before;
    // A fast stroke must not leave out the handles between two events.
    for (let k = Math.min(from, to); k <= Math.max(from, to); k++) hand[k] = within(y);
    before = commit ? -1 : to;
    chosen = to;
    ctx.set({ kind: "hand", hand, lr: Math.max(...hand) }, { commit });
  };
  plot.pointer({ down: (spot) => { before = -1; put(spot); }, move: put, up: (spot) => put(spot, true) });
  plot.keyPoint({
    label: "handles of the drawn schedule",
    get: () => [updates * chosen / (knots - 1), drawn()[chosen]],
    set: ([px, py]) => {
      const home = updates * chosen / (knots - 1), turn = Math.sign(Math.round(px - home));
      if (turn) chosen = Math.min(knots - 1, Math.max(0, chosen + turn));
      const hand = drawn();
      if (!turn) hand[chosen] = within(py);
      ctx.set({ kind: "hand", hand, lr: Math.max(...hand) });
      ctx.redraw("chosen");
      ctx.announce(`Handle ${chosen + 1} of ${knots}, at update ${Math.round(updates * chosen / (knots - 1))}: rate ${format(hand[chosen], 2)}.`);
    },
  });
}

/** Return the look of a run: the constant one is gray, the newest own one thick. @param {Run[]} shown @param {number} k @param {any} theme */
function styleOf(shown, k, theme) {
  if (k === shown.length - 1) return { color: theme.meanings.train.color, dash: [], width: 3.5 };
  if (shown[k].stored) return { color: theme.muted, dash: [6, 4], width: 2 };
  const { color, dash } = theme.series[1 + (k % 5)];
  return { color, dash, width: 2 };
}

/** @param {import("../kit/plot.js").Plot} plot @param {{state: any, shown: Run[], planned: number[], check: number, updates: number, knots: number}} model */
function drawRates(plot, { state, shown, planned, check, updates, knots }) {
  const times = (/** @type {number[]} */ values) => values.map((_, k) => check * (k + 1));
  const low = (/** @type {number[]} */ values) => values.map((v) => Math.max(v, LOW));
  plot.clear("data");
  shown.slice(0, -1).forEach((run, k) => curve(plot, { x: times(run.rates), y: low(run.rates) }, { ...styleOf(shown, k, plot.theme), alpha: 0.8 }));
  const { color } = plot.theme.meanings.train;
  curve(plot, { x: planned.map((_, k) => (k + 1) * updates / planned.length), y: low(planned) }, { color, width: 3.5 });
  if (state.kind !== "hand") return plot.alt(`From ${format(planned[0], 2)} to ${format(planned[planned.length - 1], 2)}.`);
  const x = state.hand.map((/** @type {number} */ _, /** @type {number} */ k) => updates * k / (knots - 1));
  points(plot, { x, y: state.hand }, { color, size: 9 });
  return plot.alt("Drawn by hand.");
}

/** @param {import("../kit/plot.js").Plot} plot @param {Run[]} shown @param {number} check */
function drawLosses(plot, shown, check) {
  plot.clear("data");
  shown.forEach((run, k) => {
    const x = run.validation.map((_, i) => check * (i + 1)), style = styleOf(shown, k, plot.theme);
    if (k === shown.length - 1) curve(plot, { x, y: run.train }, { color: style.color, width: 1.2, alpha: 0.7 });
    curve(plot, { x, y: run.validation }, style);
    points(plot, { x: x.slice(-1), y: run.validation.slice(-1) }, { color: style.color, size: 9 });
  });
  plot.alt(`Validation loss of ${shown.length} runs; the last one ends at ${format(last(shown[shown.length - 1]))}.`);
}

/** @param {HTMLElement} table @param {Run[]} shown @param {{theme: any, state: any, isStored: boolean}} options */
function list(table, shown, { theme, state, isStored }) {
  const head = ["run", "updates", "validation loss", "unseen notes right"];
  const rows = shown.map((run, k) => {
    const own = k === shown.length - 1, mark = el("span", { "aria-hidden": "true" }, own ? "● " : "▬ ");
    mark.style.color = styleOf(shown, k, theme).color;
    const other = run.stored && run.kind === state.kind && !isStored ? ", with other numbers" : "";
    const words = `${run.key.startsWith("hand") ? "drawn by hand" : name(run.key)}${run.stored ? ` (stored${other})` : run.done ? "" : " …"}`;
    const cells = [String(run.validation.length * 10), format(last(run)), `${Math.round(100 * run.accuracy)} %`];
    return el("tr", own ? { "data-own": "1" } : {}, el("td", {}, mark, words), ...cells.map((text) => el("td", {}, text)));
  });
  table.replaceChildren(el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text))), ...rows);
}

/** @param {string} key */
function name(key) {
  const [kind, ...values] = key.split(" ");
  const names = USES[kind].map((one, k) => `${({ lr: "η₀", every: "every", factor: "γ", rate: "k" })[one] ?? one} ${format(Number(values[k]), 2)}`);
  return `${kind === "inverse" ? "1/t" : kind}, ${names.join(", ")}`;
}

/** @param {any} ctx @param {ReturnType<typeof createRuns>} runs @param {Run[]} shown @param {any} state */
function tell(ctx, runs, shown, state) {
  const run = shown[shown.length - 1], end = last(run), planned = runs.rates(state);
  const what = run.stored ? "The stored run" : "Your run";
  ctx.announce(`Rate from ${format(planned[0], 2)} to ${format(planned[planned.length - 1], 2)}. ${run.validation.length ? `${what} ends at validation loss ${format(end)}; a constant rate of 0.1 at ${format(last(runs.constant))}.` : "Training begins."}`);
  ctx.output("kind", state.kind);
  ctx.output("last", format(end));
  ctx.output("accuracy", `${Math.round(100 * run.accuracy)} %`);
  ctx.output("constant", format(last(runs.constant)));
  ctx.goal(runs.own.some((one) => one.done && last(one) < runs.record));
}
