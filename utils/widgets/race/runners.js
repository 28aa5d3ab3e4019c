/** The optimizers that can take part, and their runs. */
import { descend, optimizer } from "../kit/math/optimizers.js";

/** @typedef {import("../kit/math/surfaces.js").Surface} Surface */
/** @typedef {{key: string, name: string, kind: string, extra: string, options: (s: any) => any}} Runner */

/** `extra` is the field of the slider beside the rate. @type {Runner[]} */
export const RUNNERS = [
  { key: "gd", name: "GD", kind: "sgd", extra: "", options: (s) => ({ lr: s.lr_gd }) },
  { key: "momentum", name: "Momentum", kind: "sgd", extra: "beta_momentum", options: (s) => ({ lr: s.lr_momentum, momentum: s.beta_momentum }) },
  { key: "nesterov", name: "Nesterov", kind: "sgd", extra: "beta_nesterov", options: (s) => ({ lr: s.lr_nesterov, momentum: s.beta_nesterov, nesterov: true }) },
  { key: "adagrad", name: "AdaGrad", kind: "adagrad", extra: "", options: (s) => ({ lr: s.lr_adagrad }) },
  { key: "rmsprop", name: "RMSProp", kind: "rmsprop", extra: "alpha_rmsprop", options: (s) => ({ lr: s.lr_rmsprop, alpha: s.alpha_rmsprop }) },
  { key: "adam", name: "Adam", kind: "adam", extra: "beta2_adam", options: (s) => ({ lr: s.lr_adam, betas: [0.9, s.beta2_adam] }) },
  { key: "adamw", name: "AdamW", kind: "adamw", extra: "decay_adamw", options: (s) => ({ lr: s.lr_adamw, weightDecay: s.decay_adamw }) },
];

/**
 * Return a function from a state to the runs of all that take part. A run is kept while what it
 * depends on stays: dragging one slider computes one run.
 * @param {number} steps
 */
export function createRuns(steps) {
  /** @type {Map<string, {why: string, run: import("../kit/math/optimizers.js").Run}>} */
  const kept = new Map();
  return (/** @type {Surface} */ surface, /** @type {any} */ state) => {
    const noise = state.noise * Math.hypot(...surface.gradient(surface.start));
    return RUNNERS.filter(({ key }) => state[key]).map((runner) => {
      const options = runner.options(state);
      const why = JSON.stringify([surface.name, state.start, noise, state.seed, options]);
      let found = kept.get(runner.key);
      if (found?.why !== why) {
        const step = optimizer(runner.kind, options);
        found = { why, run: descend(surface, step, state.start, steps, { noise, seed: state.seed }) };
        kept.set(runner.key, found);
      }
      return { ...runner, run: found.run };
    });
  };
}

/**
 * Return who is where after some steps, the lowest loss first; who left is last.
 * @param {{key: string, name: string, run: import("../kit/math/optimizers.js").Run}[]} runs
 * @param {number} t
 */
export function standings(runs, t) {
  return runs.map(({ key, name, run }) => {
    const lost = run.left >= 0 && run.left <= t;
    return { key, name, lost, left: run.left, loss: lost ? Infinity : run.losses[t] };
  }).sort((a, b) => a.loss - b.loss || b.left - a.left);
}
