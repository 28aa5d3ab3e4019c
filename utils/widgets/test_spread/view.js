/** Sixty test sets with error bars, and how far such test sets scatter. */
import { radio, row, slider } from "../kit/controls.js";
import { curve, rule } from "../kit/curves.js";
import { el } from "../kit/dom.js";
import { createPlot } from "../kit/plot.js";
import { label, points } from "../kit/points.js";
import { widget } from "../kit/widget.js";
import { uniform } from "../kit/math/random.js";
import { accuracyOf, bootstrapInterval, drawTest, naiveInterval, naiveSpread, spread, truth } from "../kit/math/testSets.js";

/** @typedef {import("../kit/math/testSets.js").World} World */
/** @typedef {{accuracy: number, interval: number[], covers: boolean}} Test */

const FLOOR = 1, CEILING = 50, NEAR = 1.01;
/** @param {number} v */
const inPoints = (v) => `${(100 * v).toFixed(1)} points`;

export default widget((ctx) => {
  const { options, fields } = ctx.config;
  /** @type {World} */
  const world = options.world.map((/** @type {number[]} */ [size, right]) => ({ size, right }));
  const mean = truth(world), most = { instruments: fields.instruments.high ?? 60, notes: fields.notes.high ?? 16 };
  const least = leastSpread(world, options.budget, most);
  const over = createPlot(ctx, { label: "Spread of test sets over the number of notes", height: 300, x: { label: "notes in the test set", domain: [2, most.instruments * most.notes], log: true }, y: { label: "spread (points)", domain: [FLOOR, CEILING], log: true } });
  const all = createPlot(ctx, { label: "Accuracies of sixty test sets with error bars", height: 300, x: { label: "test set", domain: [0, options.tests + 1] }, y: { label: "accuracy (%)", domain: [0, 100] } });
  const verdict = el("p", { class: "cw-help" });
  ctx.root.append(
    el("div", { class: "cw-columns" }, over.element, all.element),
    row(slider(ctx, "instruments"), slider(ctx, "notes")),
    row(radio(ctx, "bars"), slider(ctx, "seed")),
    verdict,
  );
  verdict.textContent = `Answers of the trained CNN on ${world.reduce((sum, one) => sum + one.size, 0)} notes of ${world.length} instruments that it never heard; the test sets are drawn from them. Spread: standard deviation of the accuracy, ±2 of it hold about 95 % of all test sets.`;
  const choose = (/** @type {{x: number}} */ { x }) => ctx.set({ instruments: Math.min(most.instruments, Math.max(2, Math.round(x / ctx.state.notes))) }, { commit: false });
  over.pointer({ down: choose, move: choose, up: () => ctx.set({}) });
  ctx.help("Drag in the left figure to change the number of instruments. ▲ holds the truth, × misses it.");
  /** @type {Test[]} */
  let tests = [];

  return {
    resize(width) {
      const each = width < 580 ? width : (width - 16) / 2;
      over.resize(each);
      all.resize(each);
    },
    update(state, changed) {
      if (["instruments", "notes", "bars", "seed"].some((key) => changed.has(key))) tests = make(world, state, options, mean);
      if (changed.has("theme")) [over, all].forEach((plot) => plot.axes());
      drawSpread(over, world, state, most);
      drawTests(all, tests, mean);
      tell(ctx, world, tests, all);
      ctx.goal(state.instruments * state.notes <= options.budget && spread(world, plan(state)) < NEAR * least);
    },
  };
});

/** @param {any} state */
const plan = ({ instruments, notes }) => ({ instruments, notes });

/** The smallest spread that a number of notes can buy. @param {World} world @param {number} budget @param {{instruments: number, notes: number}} most */
function leastSpread(world, budget, most) {
  let least = Infinity;
  for (let notes = 1; notes <= most.notes; notes++) {
    const instruments = Math.min(most.instruments, Math.floor(budget / notes));
    if (instruments >= 2) least = Math.min(least, spread(world, { instruments, notes }));
  }
  return least;
}

/** @param {World} world @param {any} state @param {any} options @param {number} mean @returns {Test[]} */
function make(world, state, { tests, resamples }, mean) {
  const next = uniform(state.seed), again = uniform(state.seed + 1000), { notes } = state;
  return Array.from({ length: tests }, () => {
    const right = drawTest(world, next, plan(state));
    const interval = state.bars === "notes" ? naiveInterval(right, notes) : bootstrapInterval(right, again, { notes, resamples });
    return { accuracy: accuracyOf(right, notes), interval, covers: interval[0] <= mean && mean <= interval[1] };
  });
}

/** @param {import("../kit/plot.js").Plot} plot @param {World} world @param {any} state @param {{instruments: number, notes: number}} most */
function drawSpread(plot, world, state, most) {
  const { theme } = plot, { text, muted } = theme, { instruments, notes } = state, mean = truth(world);
  const [first, second] = theme.series;
  const ks = Array.from({ length: most.notes }, (_, k) => k + 1), is = Array.from({ length: most.instruments - 1 }, (_, i) => i + 2);
  const ns = Array.from({ length: 40 }, (_, i) => 2 * (most.instruments * most.notes / 2) ** (i / 39));
  const moreNotes = ks.map((k) => 100 * spread(world, { instruments, notes: k })), moreInstruments = is.map((i) => 100 * spread(world, { instruments: i, notes }));
  plot.clear("data");
  curve(plot, { x: ns, y: ns.map((n) => 100 * naiveSpread(mean, n)) }, { color: muted, width: 2, dash: [2, 4] });
  curve(plot, { x: is.map((i) => i * notes), y: moreInstruments }, { color: first.color, width: 3 });
  curve(plot, { x: ks.map((k) => k * instruments), y: moreNotes }, { color: second.color, width: 3, dash: [7, 4] });
  points(plot, { x: [instruments * notes], y: [100 * spread(world, plan(state))] }, { color: theme.meanings.test.color, marker: "^", edge: text, size: 14 });
  label(plot, { x: 2.1, y: 1.95, text: `━ more instruments, ${notes} notes each` }, { color: first.color });
  label(plot, { x: 2.1, y: 1.55, text: `╍ more notes of ${instruments} instruments` }, { color: second.color });
  label(plot, { x: 2.1, y: 1.22, text: "┄ if all notes were independent" }, { color: muted });
}

/** @param {import("../kit/plot.js").Plot} plot @param {Test[]} tests @param {number} mean */
function drawTests(plot, tests, mean) {
  const { theme } = plot, { color } = theme.meanings.test;
  plot.clear("data");
  tests.forEach(({ interval, covers }, i) => curve(plot, { x: [i + 1, i + 1], y: interval.map((v) => 100 * v) }, { color: covers ? color : theme.warning, width: covers ? 2 : 2.5, alpha: covers ? 0.7 : 1 }));
  for (const covers of [true, false]) {
    const x = tests.map((_, i) => i).filter((i) => tests[i].covers === covers);
    points(plot, { x: x.map((i) => i + 1), y: x.map((i) => 100 * tests[i].accuracy) }, { color: covers ? color : theme.warning, marker: covers ? "^" : "x", size: 7 });
  }
  rule(plot, { y: 100 * mean }, { color: theme.text });
  label(plot, { x: 1, y: 5, text: `┄ in truth: ${(100 * mean).toFixed(1)}\u00a0%` }, { color: theme.text });
}

/** @param {import("../kit/widget.js").Context} ctx @param {World} world @param {Test[]} tests @param {import("../kit/plot.js").Plot} plot */
function tell(ctx, world, tests, plot) {
  const { instruments, notes, bars } = ctx.state, mean = truth(world), n = instruments * notes;
  const wide = spread(world, { instruments, notes }), naive = naiveSpread(mean, n), covered = tests.filter((one) => one.covers).length;
  const words = `${instruments} instruments with ${notes} ${notes === 1 ? "note" : "notes"} each, ${n} notes: test sets scatter by ${inPoints(wide)}; independent notes would by ${inPoints(naive)}. ${covered} of ${tests.length} error bars ${bars === "notes" ? "by note" : "by instrument"} contain the truth; ${Math.round(0.95 * tests.length)} should.`;
  ctx.output("n", String(n));
  ctx.output("spread", inPoints(wide));
  ctx.output("naive", inPoints(naive));
  ctx.output("covered", `${covered} of ${tests.length}`);
  ctx.output("truth", `${(100 * mean).toFixed(1)} %`);
  ctx.announce(words);
  plot.alt(words);
}
