/** The overfitting lab: a training in the kernel, its cures, its exams, runs beside each other. */
import { button, radio, row, slider, toggle } from "../kit/controls.js";
import { el, setText } from "../kit/dom.js";
import { NoKernel, Superseded } from "../kit/kernel.js";
import { createPlot } from "../kit/plot.js";
import { format } from "../kit/scale.js";
import { widget } from "../kit/widget.js";
import { createCode } from "./export.js";
import { drawMeasure, styleOf } from "./figure.js";
import { addEpoch, changeInWords, emptyRun, epochOf, epochsOf, nearest, settingsInWords, verdict, withRun } from "./runs.js";

/** @typedef {import("./runs.js").Run} Run */
/** @typedef {"loss" | "accuracy"} Measure */

const PER_SECOND = 6, GOAL = 1.5;
const MEASURES = /** @type {Measure[]} */ (["loss", "accuracy"]);

export default widget((ctx) => {
  const { options } = ctx.config;
  const plots = MEASURES.map((measure) => createPlot(ctx, {
    label: measure === "loss" ? "Loss over the epochs" : "Accuracy over the epochs", height: 270,
    x: { label: "epoch", domain: [0, options.epochs] }, y: { label: measure, domain: [0, 1] },
  }));
  const panes = el("div", { class: "overfitting_lab-panes" }, ...plots.map((plot) => plot.element));
  const say = el("p", { class: "overfitting_lab-say", role: "status" }), plan = el("p", { class: "cw-help" });
  const legend = el("p", { class: "overfitting_lab-legend" }), table = el("table", { class: "overfitting_lab-runs" });
  const code = createCode(ctx);
  const lab = createLab(ctx, say);
  const train = button(ctx, "▶ Train", () => lab.start(), { name: "train" });
  const stop = button(ctx, "■ Stop", () => lab.stop(), { name: "stop" });
  const forget = button(ctx, "Forget my runs", () => lab.forget(), { name: "forget" });
  const patience = slider(ctx, "patience");
  const reset = ctx.root.parentElement?.querySelector(".cw-reset");
  if (reset) ctx.on(reset, "click", () => lab.stop());
  ctx.bind((state) => {
    train.disabled = lab.running !== null;
    stop.disabled = lab.running === null;
    forget.disabled = lab.running !== null || lab.runs.length === 0;
    patience.hidden = !state.early_stop;
    const next = { ...state, seed: 0 };
    setText(plan, `${lab.running ? "Settings now" : "The next training"}: ${settingsInWords(next)}, seed ${state.seed}.`);
    code.draw(state);
  });
  const cures = el("div", { class: "overfitting_lab-cures" }, slider(ctx, "dropout"), slider(ctx, "decay"), slider(ctx, "augment"), slider(ctx, "instruments"),
    slider(ctx, "width"), slider(ctx, "seed"));
  ctx.root.append(radio(ctx, "exam"), row(el("div", { class: "cw-buttons" }, train, stop, forget), say), cures,
    row(toggle(ctx, "early_stop"), patience), plan, panes, legend, el("div", { class: "overfitting_lab-scroll" }, table), row(toggle(ctx, "test")), code.element);
  ctx.help("While it trains you may change everything: width and seed hold from the next training on, the rest at once (instruments: with the next epoch). Augmentation p: the share of the notes that each of seven changes hits.");

  return {
    resize(width) {
      const columns = width >= 620 ? 2 : 1;
      panes.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
      for (const plot of plots) plot.resize(Math.floor((width - 12 * (columns - 1)) / columns));
    },
    update(state, changed) {
      const run = lab.current(state), others = lab.others(run);
      const epochs = Math.max(epochsOf(run), ...others.map(epochsOf), lab.running ? options.epochs : 2);
      plots.forEach((plot, k) => {
        const moved = drawMeasure(plot, MEASURES[k], { run, others, state, exams: options.exams, epochs });
        if (changed.has("theme") && !moved) plot.axes();
      });
      explain(legend, ctx, others.length > 0);
      list(table, ctx, [...others, run]);
      tell(ctx, plots, run, lab.runs);
    },
  };
});

/** Runs of this reader, trained in the kernel or shown again. @param {any} ctx @param {HTMLElement} say */
function createLab(ctx, say) {
  const { stored } = ctx.config.options;
  const lab = {
    /** @type {Run[]} */
    runs: [],
    /** @type {Run | null} */
    running: null,
    kernel: true,
    count: 0,
    /** Return the run in front. @param {any} state @returns {Run} */
    current(state) {
      return lab.running ?? (lab.kernel ? lab.runs[lab.runs.length - 1] : null) ?? nearest(stored, state);
    },
    /** Return the runs behind it. @param {Run} run */
    others: (run) => lab.runs.filter((one) => one !== run && one.settings !== run.settings && epochsOf(one)),
    forget() {
      lab.runs = [];
      setText(say, "");
      ctx.redraw("runs");
    },
    stop() {
      if (!lab.running) return;
      ctx.stop();
      halt();
      setText(say, "Stopping …");
    },
    async start() {
      const run = emptyRun({ ...ctx.state }, { number: (lab.count += 1) });
      lab.running = run;
      setText(say, "Training begins …");
      ctx.redraw("runs");
      try {
        const { payload } = await ctx.request("train", { state: ctx.state }, { progress: (/** @type {any} */ { payload }) => take(run, payload) });
        Object.assign(run, payload, { settings: run.settings });
        end(payload.stopped ? "Patience has run out: stopped early." : "Done.");
      } catch (error) {
        if (error instanceof NoKernel) replay(run);
        else end(error instanceof Superseded ? "Stopped." : `It did not work: ${error instanceof Error ? error.message : error}`);
      }
    },
  };
  let halt = () => {};

  /** Take an epoch that has just been trained. @param {Run} run @param {any} news */
  function take(run, news) {
    if (lab.running !== run) return;
    addEpoch(run, news);
    Object.assign(run, { events: news.events, notes: news.notes, parameters: news.parameters });
    setText(say, `Epoch ${epochsOf(run)} of ${ctx.config.options.epochs} …`);
    ctx.redraw("runs");
  }

  /** Show a stored run as if it were trained now. @param {Run} run */
  function replay(run) {
    lab.kernel = false;
    const source = nearest(stored, ctx.state);
    Object.assign(run, { settings: source.settings, notes: source.notes, parameters: source.parameters, replay: true });
    const words = "This page has no kernel: a stored run is shown again, it can't be changed on its way.";
    let due = 0;
    const quit = ctx.animate((/** @type {number} */ seconds) => {
      due += seconds * PER_SECOND;
      for (; due >= 1 && lab.running === run; due -= 1) {
        addEpoch(run, epochOf(source, epochsOf(run)));
        ctx.redraw("runs");
        if (epochsOf(run) >= epochsOf(source) || verdict(run, ctx.state).stop !== null) end(`${words} Run this notebook to train.`);
      }
      return lab.running === run;
    });
    halt = () => {
      quit();
      end("Stopped.");
    };
    setText(say, words);
  }

  /** Keep the run that ends, if there is something to keep. @param {string} words */
  function end(words) {
    const run = lab.running;
    lab.running = null;
    halt = () => {};
    if (run && epochsOf(run)) lab.runs = withRun(lab.runs, run);
    setText(say, words);
    ctx.redraw("runs");
  }

  return lab;
}

/** Return what a run is called. @param {Run} run */
function nameOf(run) {
  if (!run.number) return "stored";
  return run.replay ? `${run.number} (stored)` : `${run.number}`;
}

/** @param {HTMLElement} legend @param {any} ctx @param {boolean} compared */
function explain(legend, ctx, compared) {
  const { state, config, theme } = ctx, { train, validation, test } = theme.meanings;
  const items = [
    part("━ ", "training notes", train.color), part("┅ ", config.options.exams[state.exam], validation.color), part("★ ", "lowest loss in the exam", theme.text),
    ...(state.test ? [part("▲ ", "test, with the weights that are kept", test.color)] : []),
    ...(compared ? [part("▬ ", "the same exam in other runs", theme.muted)] : [part("┈ ", "other exams", theme.muted)]),
  ];
  legend.replaceChildren(...items, " All in eval mode, without augmentation.");
}

/** @param {string} sign @param {string} words @param {string} color */
function part(sign, words, color) {
  const mark = el("b", { "aria-hidden": "true" }, sign);
  mark.style.color = color;
  return el("span", {}, mark, words);
}

/** @param {HTMLElement} table @param {any} ctx @param {Run[]} shown the one in front last */
function list(table, ctx, shown) {
  const { state, theme } = ctx;
  const heads = ["run", "settings", "weights of epoch", "training", "exam", "exam's loss", ...(state.test ? ["test"] : [])];
  const rows = shown.filter(epochsOf).map((run) => {
    const own = run === shown[shown.length - 1], found = verdict(run, state), k = found.kept - 1;
    const mark = el("span", { "aria-hidden": "true" }, own ? "● " : "▬ ");
    mark.style.color = own ? theme.meanings.validation.color : styleOf(theme, run).color;
    const changes = run.events.map((event) => `${changeInWords(event, run.settings)} after ${format(event.at, 3)}`).join(", ");
    const words = settingsInWords({ ...run.settings, early_stop: false }) + (changes ? `; then ${changes}` : "");
    const right = ["train", state.exam, ...(state.test ? ["test"] : [])].map((name) => percent(run.accuracy[name][k]));
    const cells = [words, `${k + 1} of ${epochsOf(run)}`, right[0], right[1], run.loss[state.exam][k].toFixed(2), ...right.slice(2)];
    return el("tr", own ? { "data-own": "1" } : {}, el("td", {}, mark, nameOf(run)), ...cells.map((text) => el("td", {}, text)));
  });
  table.replaceChildren(el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text))), ...rows);
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(100 * share)} %`;
}

/** @param {any} ctx @param {import("../kit/plot.js").Plot[]} plots @param {Run} run @param {Run[]} runs */
function tell(ctx, plots, run, runs) {
  const { state } = ctx, name = ctx.config.options.exams[state.exam];
  if (!epochsOf(run)) return ctx.announce("Training begins.");
  const found = verdict(run, state), k = found.kept - 1;
  const right = [run.accuracy.train[k], run.accuracy[state.exam][k]], losses = run.loss[state.exam];
  const gap = Math.round(100 * right[0]) - Math.round(100 * right[1]);
  const stopped = found.stop === null ? "" : ` Patience ran out in epoch ${found.stop}: the weights of epoch ${found.kept} are kept.`;
  const lowest = `loss ${losses[k].toFixed(2)}, lowest ${losses[found.best - 1].toFixed(2)} in epoch ${found.best}`;
  const test = state.test ? ` Test: ${percent(run.accuracy.test[k])}. Whoever chooses by it from now on has no test any more.` : "";
  const words = `Epoch ${k + 1}, ${run.notes} training notes, ${run.parameters} weights: ${percent(right[0])} right in training, ${percent(right[1])} in the exam (${name}; ${lowest}), ${gap} points less.${stopped}${test}`;
  ctx.announce(words.replace(/(\d+) points less/, (all, n) => (gap < 0 ? `${-gap} points more` : `${n} points less`)));
  for (const plot of plots) plot.alt(words);
  ctx.output("train", percent(right[0]));
  ctx.output("validation", percent(right[1]));
  ctx.output("gap", `${gap} points`);
  ctx.output("best", String(found.best));
  ctx.output("test", state.test ? percent(run.accuracy.test[k]) : "closed");
  const reached = (/** @type {Run} */ one) => one.loss.instruments?.[verdict(one, state).kept - 1] < GOAL;
  ctx.goal(state.exam === "instruments" && runs.some(reached));
  return undefined;
}
