/** The net of the widget's state: its parameters in a list, its curve, the parts of its units. */
import { drawnCurve, lossAndGradient } from "../kit/math/curveNet.js";
import { ACTIVATIONS } from "../kit/math/activations.js";
import { ENVELOPES } from "../kit/math/envelopes.js";

export const TIMES = Float64Array.from({ length: 101 }, (_, i) => i / 100);

/** Names of the parameters in the order of the list: all w, all b, all v, c. @param {number} hidden */
export function keysOf(hidden) {
  const numbers = Array.from({ length: hidden }, (_, j) => j + 1);
  return [..."wbv"].flatMap((letter) => numbers.map((j) => `${letter}${j}`)).concat("c");
}

/** @param {any} state */
export function netOf({ hidden, activation }) {
  return { sizes: [1, hidden, 1], activation };
}

/** @param {any} state */
export function parametersOf(state) {
  return keysOf(state.hidden).map((key) => state[key]);
}

/** @param {any} state @param {ArrayLike<number>} [times] */
export function levels(state, times = TIMES) {
  return drawnCurve(netOf(state), parametersOf(state), times);
}

/** What one unit adds. @param {any} state @param {number} j from 1 */
export function partOf(state, j) {
  const g = ACTIVATIONS[state.activation].value;
  return TIMES.map((t) => state[`v${j}`] * g(state[`w${j}`] * t + state[`b${j}`]));
}

/** Where a unit bends: its sum is 0 there; null if it never is. @param {any} state @param {number} j */
export function bendOf(state, j) {
  const w = state[`w${j}`];
  return Math.abs(w) < 0.02 ? null : -state[`b${j}`] / w;
}

/** @param {any} state */
export function targetOf(state) {
  return TIMES.map(ENVELOPES[state.target]);
}

/** @param {any} state */
export function errorOf(state) {
  return lossAndGradient(netOf(state), parametersOf(state), TIMES, targetOf(state));
}
