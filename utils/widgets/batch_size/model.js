/** What the panes show: the learner's run, runs to compare, the cloud at the current point. */
import { batchGradient, everyNote, gradientCloud, gradientNoise, lowestPoint, meanLoss, runBatches, stepsPerEpoch } from "../kit/math/minibatch.js";

/** @typedef {import("../kit/math/minibatch.js").Problem} Problem */
/** @typedef {{path: number[][], costs: number[], at: number[], losses: number[], batch: number}} Curve `at`: the steps whose loss is known */
/** @typedef {ReturnType<typeof compute>} Model */

const CLOUD = 200;

/** @param {any} ctx */
export function createModel(ctx) {
  const inputs = ctx.data("inputs"), targets = ctx.data("targets");
  /** @type {Problem} */
  const problem = { inputs, targets, n: targets.length };
  const rest = lowestPoint(problem), lowest = meanLoss(problem, rest);
  const { epochs, steps, reach } = ctx.config.options;
  const grid = landscape(problem, reach);
  /** @type {Map<string, Curve>} */
  const kept = new Map();
  const curve = (/** @type {any} */ state, /** @type {number} */ batch) => {
    const key = [batch, state.lr, state.start, state.seed].join();
    let found = kept.get(key);
    if (!found) {
      if (kept.size > 12) kept.clear();
      found = follow(problem, state, batch, Math.max(steps, epochs * stepsPerEpoch(problem.n, batch)), steps);
      kept.set(key, found);
    }
    return found;
  };
  return {
    problem, grid, rest, lowest,
    at: (/** @type {any} */ state) => compute(problem, state, curve, lowest),
  };
}

/** @param {Problem} problem @param {any} state @param {number} batch @param {number} steps @param {number} fine */
function follow(problem, { start, lr, seed }, batch, steps, fine) {
  const { path, costs } = runBatches(problem, { start, lr, batch, seed, steps });
  const at = [];
  // Every step where the first panes show it, then enough for a curve.
  for (let k = 0; k <= steps; k += k < fine ? 1 : Math.ceil(steps / 160)) at.push(k);
  return { path, costs, batch, at, losses: at.map((k) => meanLoss(problem, path[k])) };
}

/** @param {Problem} problem @param {any} state @param {(state: any, batch: number) => Curve} curve @param {number} lowest */
function compute(problem, state, curve, lowest) {
  const own = curve(state, state.batch), last = own.path.length - 1, t = Math.min(state.t, last);
  const theta = own.path[t];
  const gradient = batchGradient(problem, theta, everyNote(problem.n));
  return {
    own, t, last, theta, lowest, gradient,
    loss: meanLoss(problem, theta),
    cost: own.costs[t],
    perEpoch: stepsPerEpoch(problem.n, state.batch),
    others: state.others ? [1, 16, problem.n].filter((b) => b !== state.batch).map((b) => curve(state, b)) : [],
    cloud: gradientCloud(problem, theta, { batch: state.batch, seed: 7, count: CLOUD }),
    noise: gradientNoise(problem, theta, state.batch),
  };
}

/** @param {Problem} problem @param {number} reach */
function landscape(problem, reach) {
  const size = 45, values = new Float64Array(size * size);
  for (let k = 0; k < values.length; k++) {
    const x = reach * (2 * (k % size) / (size - 1) - 1), y = reach * (2 * Math.floor(k / size) / (size - 1) - 1);
    values[k] = meanLoss(problem, [x, y]);
  }
  return { values, rows: size, cols: size, x: [-reach, reach], y: [-reach, reach] };
}

/** Return the first known step that is so close to the lowest loss, or -1. @param {Curve} own @param {number} lowest @param {number} within */
export function arrival({ at, losses }, lowest, within) {
  const found = losses.findIndex((v) => v - lowest <= within);
  return found < 0 ? -1 : at[found];
}
