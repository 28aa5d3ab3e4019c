/** One measure of the runs over the epochs: training, exam, best epoch, changes on the way. */
import { curve, rule } from "../kit/curves.js";
import { label, points } from "../kit/points.js";
import { changeInWords, epochsOf, verdict } from "./runs.js";

/** @typedef {import("../kit/plot.js").Plot} Plot */
/** @typedef {import("./runs.js").Run} Run */
/** @typedef {{run: Run, others: Run[], state: any, exams: Record<string, string>, epochs: number}} Scene */

// Accuracy from the foot of a name to its head.
const LINE = 0.1;
const SHORT = /** @type {Record<string, string>} */ ({ notes: "other notes", instruments: "unknown instr.", pitches: "higher pitches", velocities: "louder" });

/**
 * Draw one measure.
 * @param {Plot} plot @param {"loss" | "accuracy"} measure @param {Scene} scene
 */
export function drawMeasure(plot, measure, scene) {
  const { run, others, state, epochs } = scene;
  const moved = plot.setDomain({ x: [0, 1.03 * epochs + 0.5], y: measure === "loss" ? [0, highest(scene)] : [0, 1.02] });
  plot.clear("data");
  if (epochsOf(run)) {
    drawChanges(plot, run);
    if (others.length) drawOthers(plot, measure, scene);
    else drawOtherExams(plot, measure, scene);
    drawRun(plot, measure, run, state);
  }
  return moved;
}

/** Return the upper end of the losses that are shown. @param {Scene} scene */
function highest({ run, others, state }) {
  const values = [run, ...others].flatMap((one) => [...(one.loss[state.exam] ?? []), ...(one.loss.train ?? [])]);
  return Math.min(6, Math.max(2.5, Math.ceil(2.1 * Math.max(0, ...values)) / 2));
}

/** Return the epochs from 1. @param {ArrayLike<number>} values */
function times(values) {
  return Array.from(values, (_, k) => k + 1);
}

/** Mark where settings changed; words on four lines, so that near ones can be read. @param {Plot} plot @param {Run} run */
function drawChanges(plot, run) {
  run.events.forEach((event, k) => {
    rule(plot, { x: event.at }, { color: plot.theme.accent, dash: [3, 3] });
    const [low, high] = plot.yScale.domain;
    label(plot, { x: event.at, y: high - (0.1 + 0.09 * (k % 4)) * (high - low), text: changeInWords(event, run.settings) }, { color: plot.theme.accent });
  });
}

/** The other exams of the same network, faintly. @param {Plot} plot @param {"loss" | "accuracy"} measure @param {Scene} scene */
function drawOtherExams(plot, measure, { run, state, exams }) {
  /** @type {{x: number, y: number, text: string}[]} */
  const names = [];
  for (const exam of Object.keys(exams)) {
    if (exam === state.exam) continue;
    const y = run[measure][exam], x = 0.62 * y.length;
    curve(plot, { x: times(y), y }, { color: plot.theme.muted, dash: [2, 3], width: 1.3, alpha: 0.8 });
    names.push({ x, y: y[Math.round(x)] ?? y[y.length - 1], text: SHORT[exam] });
  }
  if (measure === "loss") return;
  // From the top down, each at least a line below the one before, and none on the exam's curve.
  const thick = run[measure][state.exam];
  names.sort((a, b) => b.y - a.y).forEach((name, k) => {
    name.y = Math.min(name.y - 0.02, (names[k - 1]?.y ?? 2) - 0.085);
    const low = Math.min(...thick.slice(Math.round(name.x) - 1));
    if (name.y + LINE > low && name.y < Math.max(...thick.slice(Math.round(name.x) - 1))) name.y = low - LINE - 0.01;
    label(plot, name, { color: plot.theme.muted });
  });
}

/** The same exam in other runs. @param {Plot} plot @param {"loss" | "accuracy"} measure @param {Scene} scene */
function drawOthers(plot, measure, { others, state }) {
  others.forEach((run) => {
    const { color, dash, marker } = styleOf(plot.theme, run), y = run[measure][state.exam];
    curve(plot, { x: times(y), y }, { color, dash, width: 1.8, alpha: 0.9 });
    points(plot, { x: [y.length], y: [y[y.length - 1]] }, { color, marker: /** @type {any} */ (marker), size: 8 });
  });
}

/** Return the look of an older run, the same in figure and table. @param {import("../kit/theme.js").Palette} theme @param {Run} run */
export function styleOf(theme, run) {
  // Blue, vermilion and green mean training, exam and test here.
  return theme.series[3 + ((run.number ?? 0) % 3)];
}

/** @param {Plot} plot @param {"loss" | "accuracy"} measure @param {Run} run @param {any} state */
function drawRun(plot, measure, run, state) {
  const { train, validation, test } = plot.theme.meanings, found = verdict(run, state);
  const end = found.stop ?? epochsOf(run);
  const parts = /** @type {[string, typeof train, number][]} */ ([["train", train, 2.5], [state.exam, validation, 3.5]]);
  for (const [part, { color, dash, marker }, width] of parts) {
    const y = run[measure][part], x = times(y);
    curve(plot, { x: x.slice(0, end), y: y.slice(0, end) }, { color, dash, width });
    curve(plot, { x: x.slice(end - 1), y: y.slice(end - 1) }, { color, dash, width: 1.5, alpha: 0.4 });
    points(plot, { x: [end], y: [y[end - 1]] }, { color, marker: /** @type {any} */ (marker), size: 9 });
  }
  if (found.stop !== null) rule(plot, { x: found.stop, text: `stop: ${found.stop}` }, { color: plot.theme.text, dash: [], width: 2 });
  const best = run[measure][state.exam][found.best - 1], [low, high] = plot.yScale.domain;
  points(plot, { x: [found.best], y: [best] }, { color: plot.theme.text, marker: "*", size: 17 });
  if (measure === "loss") label(plot, { x: found.best - 0.06 * plot.xScale.domain[1], y: best + 0.1 * (high - low), text: `best: ${found.best}` });
  if (!state.test) return;
  const y = run[measure].test[found.kept - 1];
  points(plot, { x: [found.kept], y: [y] }, { color: test.color, marker: "^", size: 13 });
  label(plot, { x: found.kept - 0.16 * plot.xScale.domain[1], y, text: "test" }, { color: test.color });
}
