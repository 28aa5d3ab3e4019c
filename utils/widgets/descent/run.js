/** The run of a state: the path, the limit of the learning rate, and all of it in words. */
import { descend, optimizer } from "../kit/math/optimizers.js";
import { SURFACES, curvature, polish, settle, stabilityLimit } from "../kit/math/surfaces.js";
import { format } from "../kit/scale.js";

/** @typedef {import("../kit/math/surfaces.js").Surface} Surface */
/** @typedef {ReturnType<typeof compute>} Model */

/**
 * Return everything that is drawn for a state.
 * @param {any} state
 */
export function compute(state) {
  const surface = SURFACES[state.surface];
  const start = state.start.slice(0, surface.dims);
  // The noise is a share of the slope where this landscape's start is, so that one slider fits
  // landscapes whose slopes differ a thousand times.
  const sigma = state.noise * Math.hypot(...surface.gradient(surface.start));
  const step = optimizer("sgd", { lr: state.lr, momentum: state.momentum });
  const run = descend(surface, step, start, state.steps, { noise: sigma, seed: state.seed });
  const rest = polish(surface, settle(surface, start));
  const bend = curvature(surface, rest);
  const limit = bend > 0 ? stabilityLimit(bend, state.momentum) : NaN;
  const lowest = Math.min(...surface.minima.map((p) => surface.value(p)));
  const last = run.path.length - 1;
  return { surface, start, run, rest, bend, limit, lowest, last, t: Math.min(state.t, last) };
}

/** @param {ArrayLike<number>} p */
export function spot(p) {
  const words = Array.from(p, (v) => format(Math.abs(v) < 5e-4 ? 0 : v));
  return words.length === 1 ? `θ = ${words[0]}` : `(${words.join(", ")})`;
}

/**
 * Return the first step from which on the path stays close to its minimum, or -1.
 * @param {Model} model
 */
export function arrival({ surface, run, rest, last }) {
  const [low, high] = surface.bounds[0];
  let k = last + 1;
  while (k > 0 && Math.hypot(...run.path[k - 1].map((v, i) => v - rest[i])) < (high - low) / 100) k--;
  return k <= last && run.left < 0 ? k : -1;
}

/**
 * Return the first step at which the loss is within `within` of the lowest, or -1.
 * @param {Model} model @param {number} within
 */
export function reached({ run, lowest }, within) {
  return run.losses.findIndex((loss) => loss - lowest <= within);
}

/**
 * Say what happened up to the step that is shown.
 * @param {Model} model @param {any} state
 */
export function words(model, state) {
  const { run, t, last, surface } = model;
  const where = `Step ${t} of ${state.steps}: at ${spot(run.path[t])}, loss ${format(run.losses[t])}. `;
  if (run.left >= 0 && t === last) return `${where}Diverged: step ${run.left} jumps out of the landscape. ${why(model, state)}`;
  const come = arrival(model);
  if (come >= 0 && come <= t) return `${where}At the minimum ${spot(model.rest)} since step ${come}.`;
  if (t && t === last && run.losses[t] > run.losses[0]) return `${where}The loss is higher than at the start. ${why(model, state)}`;
  const flat = Math.hypot(...surface.gradient(run.path[t]));
  const slow = t === last && flat * state.lr < 1e-3 ? "The steps have become tiny here." : "";
  return `${where}Slope ${format(flat)}. ${slow}`.trim();
}

/** @param {Model} model @param {any} state */
function why({ limit, surface, start }, state) {
  if (state.lr > limit) return `The learning rate ${format(state.lr)} is above the limit ${format(limit)}.`;
  const there = stabilityLimit(curvature(surface, start), state.momentum);
  if (state.lr > there && there > 0) {
    return `The learning rate is below the limit at the minimum, but the start is steeper: ${format(there)} there.`;
  }
  return "";
}

/**
 * Say where the limit of the learning rate comes from.
 * @param {Model} model
 */
export function limitWords({ rest, bend, limit }) {
  if (!(limit > 0)) return "Tiny steps from this start lead to no minimum: there is no limit to mark.";
  return `▲ The limit is that of the minimum ${spot(rest)}, to which tiny steps lead from this start; its largest curvature is ${format(bend)}.`;
}
