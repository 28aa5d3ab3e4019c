/** Training in small pieces: as far as is asked for, as long as there is time. */
import { countParameters, firstParameters, lossAndGradient, matchingSizes } from "../kit/math/curveNet.js";
import { PITCH_LINES } from "../kit/math/envelopes.js";
import { optimizer } from "../kit/math/optimizers.js";

/** @typedef {ReturnType<typeof createRun>} Run */

/**
 * @param {{sizes: number[], activation: string, seed: number, gain: number, lr: number, x: ArrayLike<number>, y: ArrayLike<number>}} options
 */
export function createRun({ sizes, activation, seed, gain, lr, x, y }) {
  const net = { sizes, activation };
  const step = optimizer("adam", { lr });
  let theta = firstParameters(sizes, { seed, gain });
  let next = lossAndGradient(net, theta, x, y);
  const run = {
    sizes, parameters: countParameters(sizes),
    losses: [next.loss],
    curves: [Float32Array.from(next.prediction)],
    /** Train up to a step; false if the time was over before. @param {number} t @param {() => boolean} timeOver */
    advance(t, timeOver = () => false) {
      while (run.losses.length <= t) {
        if (timeOver()) return false;
        theta = step(theta, next.gradient);
        next = lossAndGradient(net, theta, x, y);
        run.losses.push(next.loss);
        run.curves.push(Float32Array.from(next.prediction));
      }
      return true;
    },
  };
  return run;
}

/**
 * Train both nets up to a step, always the one that is behind; false if the time was over before.
 * @param {{wide: Run, deep: Run}} pair @param {number} t @param {() => boolean} timeOver
 */
export function advanceBoth({ wide, deep }, t, timeOver) {
  for (;;) {
    const behind = wide.losses.length <= deep.losses.length ? wide : deep;
    if (behind.losses.length > t) return true;
    if (!behind.advance(Math.min(t, behind.losses.length + 3), timeOver)) return false;
  }
}

/** @param {any} state @param {{points: number, gains: Record<string, number>}} options @param {number} [seed] */
export function createPair(state, { points, gains }, seed = state.seed) {
  const x = Float64Array.from({ length: points }, (_, i) => -1 + (2 * i) / (points - 1));
  const y = x.map((v) => PITCH_LINES[state.target]((v + 1) / 2));
  const { activation, lr } = state;
  const make = (/** @type {number} */ depth) =>
    createRun({ sizes: matchingSizes(state.budget, depth), activation, seed, gain: gains[activation], lr, x, y });
  return { target: y, wide: make(1), deep: make(state.depth) };
}
