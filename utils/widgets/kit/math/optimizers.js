/**
 * Optimizers, step for step those of utils/reference (hence of torch.optim), and whole paths.
 * @module
 */

import { normal } from "./random.js";

/**
 * @typedef {object} Options
 * @property {number} lr
 * @property {number} [momentum] beta of sgd and rmsprop
 * @property {number} [dampening]
 * @property {boolean} [nesterov]
 * @property {number} [weightDecay]
 * @property {number} [lrDecay] of adagrad
 * @property {number} [accumulator] start of adagrad's sum
 * @property {number} [alpha] of rmsprop
 * @property {boolean} [centered] rmsprop without the mean
 * @property {number[]} [betas] of adam and adamw
 * @property {number} [eps]
 * @property {boolean} [biasCorrection]
 */
/** @typedef {(theta: number[], gradient: number[]) => number[]} Step */
/** @typedef {(theta: number, g: number, memory: number[], t: number) => number} Rule */

/**
 * Return one update rule for one number; `memory` is what is kept for it, zeros at first.
 * @type {Record<string, (o: Options) => Rule>}
 */
const RULES = {
  sgd: ({ lr, momentum = 0, dampening = 0, nesterov = false, weightDecay = 0 }) =>
    (theta, gradient, memory, t) => {
      const g = gradient + weightDecay * theta;
      memory[0] = momentum && t > 1 ? momentum * memory[0] + (1 - dampening) * g : g;
      return theta - lr * (nesterov ? g + momentum * memory[0] : memory[0]);
    },
  adagrad: ({ lr, lrDecay = 0, weightDecay = 0, accumulator = 0, eps = 1e-10 }) =>
    (theta, gradient, memory, t) => {
      const g = gradient + weightDecay * theta;
      memory[0] = (t > 1 ? memory[0] : accumulator) + g * g;
      return theta - lr / (1 + (t - 1) * lrDecay) * g / (Math.sqrt(memory[0]) + eps);
    },
  rmsprop: ({ lr, alpha = 0.99, momentum = 0, centered = false, weightDecay = 0, eps = 1e-8 }) =>
    (theta, gradient, memory) => {
      const g = gradient + weightDecay * theta;
      memory[0] = alpha * memory[0] + (1 - alpha) * g * g;
      memory[1] = alpha * memory[1] + (1 - alpha) * g;
      const square = centered ? Math.max(0, memory[0] - memory[1] ** 2) : memory[0];
      memory[2] = momentum * memory[2] + g / (Math.sqrt(square) + eps);
      return theta - lr * memory[2];
    },
  adam: (options) => {
    const { weightDecay = 0 } = options;
    const rule = adam(options);
    return (theta, gradient, memory, t) => rule(theta, gradient + weightDecay * theta, memory, t);
  },
  adamw: (options) => {
    const { lr, weightDecay = 0.01 } = options;
    const rule = adam(options);
    return (theta, g, memory, t) => rule((1 - lr * weightDecay) * theta, g, memory, t);
  },
};

/** @param {Options} options @returns {Rule} */
function adam({ lr, betas = [0.9, 0.999], eps = 1e-8, biasCorrection = true }) {
  return (theta, g, memory, t) => {
    memory[0] = betas[0] * memory[0] + (1 - betas[0]) * g;
    memory[1] = betas[1] * memory[1] + (1 - betas[1]) * g * g;
    const m = biasCorrection ? memory[0] / (1 - betas[0] ** t) : memory[0];
    const h = biasCorrection ? memory[1] / (1 - betas[1] ** t) : memory[1];
    return theta - lr * m / (Math.sqrt(h) + eps);
  };
}

/**
 * Return the step function of a new optimizer; it remembers its velocities and averages.
 * @param {string} kind sgd, adagrad, rmsprop, adam or adamw
 * @param {Options} options
 * @returns {Step}
 */
export function optimizer(kind, options) {
  if (!Object.hasOwn(RULES, kind)) throw new Error(`expected an optimizer, got ${kind}`);
  const rule = RULES[kind](options);
  /** @type {number[][]} */
  const memories = [];
  let t = 0;
  return (theta, gradient) => {
    t += 1;
    return theta.map((v, i) => rule(v, gradient[i], (memories[i] ??= [0, 0, 0]), t));
  };
}

/**
 * @typedef {object} Run
 * @property {number[][]} path the start and the point after each step
 * @property {number[]} losses of each point, without noise
 * @property {number[][]} gradients that were stepped with, noise and all
 * @property {number} left first step that is outside the landscape, or -1
 */

/**
 * Return a whole run; it ends early where it leaves the landscape by ten times its size.
 * @param {import("./surfaces.js").Surface} surface @param {Step} step
 * @param {ArrayLike<number>} start @param {number} steps
 * @param {{noise?: number, seed?: number}} [options] deviation of the noise on each slope
 * @returns {Run}
 */
export function descend(surface, step, start, steps, { noise = 0, seed = 0 } = {}) {
  const random = normal(seed);
  const slope = (/** @type {number[]} */ p) =>
    surface.gradient(p).map((g) => (noise ? g + noise * random() : g));
  let p = Array.from(start);
  const run = { path: [p], losses: [surface.value(p)], gradients: [slope(p)], left: -1 };
  for (let k = 1; k <= steps; k++) {
    p = step(p, run.gradients[k - 1]);
    if (outside(surface, p)) { run.left = k; break; }
    run.path.push(p);
    run.losses.push(surface.value(p));
    run.gradients.push(slope(p));
  }
  return run;
}

/**
 * Tell whether a point is farther from the middle than ten times the picture, or not a number.
 * @param {import("./surfaces.js").Surface} surface @param {number[]} p
 */
export function outside(surface, p) {
  return p.some((v, i) => {
    const [low, high] = surface.bounds[i];
    return !(Math.abs(v - (low + high) / 2) <= 5 * (high - low));
  });
}
