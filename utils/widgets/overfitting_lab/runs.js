/** Runs of the lab: stored ones, those of this reader, and what they came to; as in runs.py. */
import { earlyStopping } from "../kit/math/earlyStopping.js";

/** @typedef {{at: number, key: string, value: any}} Change */
/**
 * @typedef {object} Run
 * @property {any} settings at the start
 * @property {Record<string, number[]>} loss by part
 * @property {Record<string, number[]>} accuracy by part
 * @property {Change[]} events
 * @property {number} notes
 * @property {number} parameters
 * @property {number} [number] of the reader's own runs, from 1
 * @property {boolean} [replay] a stored run that was shown again
 */
/** @typedef {{best: number, stop: number | null, kept: number}} Verdict */

const MOST = 5;

/** Return how far apart two settings are, one for each stored step. @param {any} one @param {any} other */
export function distance(one, other) {
  return Math.abs(one.dropout - other.dropout) / 0.5
    + Math.abs(one.decay - other.decay)
    + Math.abs(one.augment - other.augment) / 0.25
    + Math.abs(Math.log2(one.width / other.width))
    + Math.abs(one.instruments - other.instruments) / 44;
}

/** Return the run with the nearest settings. @param {Run[]} runs @param {any} state @returns {Run} */
export function nearest(runs, state) {
  return runs.reduce((best, run) => (distance(run.settings, state) < distance(best.settings, state) ? run : best));
}

/** Return the best epoch, where patience ran out, and the epoch whose weights are kept. @param {Run} run @param {any} state @returns {Verdict} */
export function verdict(run, state) {
  const losses = run.loss[state.exam];
  const { bestStep, stop } = earlyStopping(losses, { patience: state.early_stop ? state.patience : losses.length + 1 });
  const best = bestStep ?? 1;
  return { best, stop, kept: state.early_stop ? best : losses.length };
}

/** Return how many epochs there are. @param {Run} run */
export function epochsOf(run) {
  return run.loss.train?.length ?? 0;
}

/** Return a run without an epoch. @param {any} settings @param {Partial<Run>} [rest] @returns {Run} */
export function emptyRun(settings, rest = {}) {
  return { settings, loss: {}, accuracy: {}, events: [], notes: 0, parameters: 0, ...rest };
}

/** Add an epoch to a run. @param {Run} run @param {{loss: Record<string, number>, accuracy: Record<string, number>}} epoch */
export function addEpoch(run, epoch) {
  for (const measure of /** @type {("loss" | "accuracy")[]} */ (["loss", "accuracy"])) {
    for (const [part, value] of Object.entries(epoch[measure])) (run[measure][part] ??= []).push(value);
  }
}

/** Return one epoch of a run, from 0. @param {Run} run @param {number} k */
export function epochOf(run, k) {
  const pick = (/** @type {Record<string, number[]>} */ curves) => Object.fromEntries(Object.entries(curves).map(([part, values]) => [part, values[k]]));
  return { loss: pick(run.loss), accuracy: pick(run.accuracy) };
}

/** Return the newest runs, with one more. @param {Run[]} runs @param {Run} run */
export function withRun(runs, run) {
  return [...runs.slice(1 - MOST), run];
}

/** Return a setting in words, or "" where it is off. @param {string} key @param {any} value @param {any} settings */
function inWords(key, value, settings) {
  if (key === "instruments") return `${value} instruments`;
  if (key === "width") return `width ${value}`;
  if (key === "early_stop") return value ? `stop with patience ${settings.patience}` : "";
  const names = { dropout: "dropout", decay: "decay", augment: "augmentation" };
  return value ? `${names[/** @type {"dropout"} */ (key)]} ${value}` : "";
}

/** Return the settings in words, cures that are off left out. @param {any} settings */
export function settingsInWords(settings) {
  const keys = ["instruments", "width", "dropout", "decay", "augment", "early_stop"];
  const seed = settings.seed ? [`seed ${settings.seed}`] : [];
  return [...keys.map((key) => inWords(key, settings[key], settings)).filter(Boolean), ...seed].join(", ");
}

/** Return a change on the way in words. @param {Change} change @param {any} settings */
export function changeInWords({ key, value }, settings) {
  const names = { dropout: "dropout 0", decay: "decay 0", augment: "no augmentation", early_stop: "no early stopping" };
  return inWords(key, value, settings) || names[/** @type {"dropout"} */ (key)];
}

/** Return the settings as code. @param {string} template @param {any} state @param {{size: number, epochs: number}} options */
export function codeOf(template, state, { size, epochs }) {
  /** @type {Record<string, any>} */
  const values = { ...state, patience: state.early_stop ? state.patience : "None", size, epochs };
  return template.replace(/\{(\w+)\}/g, (all, key) => (key in values ? String(values[key]) : all));
}
