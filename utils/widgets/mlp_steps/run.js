/** All numbers of a state: the net after some updates, its passes, and both losses over time. */
import { asGraph, backwardPass, forwardPass, squaredError, updated } from "../kit/math/mlp.js";
import { backward, forward } from "../kit/math/tape.js";

/** @typedef {import("../kit/math/mlp.js").Layer} Layer */
/** @typedef {ReturnType<typeof compute>} Model */

/**
 * @param {{layers: Layer[], train: [number[], number], validation: [number[], number]}} options
 * @param {{rounds: number, lr: number}} state @param {number} most updates
 */
export function compute({ layers: first, train, validation }, { rounds, lr }, most) {
  const [x, target] = train, losses = /** @type {number[]} */ ([]), checks = /** @type {number[]} */ ([]);
  let layers = first, shown = first;
  for (let k = 0; k <= most; k++) {
    if (k === rounds) shown = layers;
    const pass = forwardPass(layers, x);
    losses.push(squaredError(pass.h[layers.length], [target]));
    checks.push(squaredError(forwardPass(layers, validation[0]).h[layers.length], [validation[1]]));
    layers = updated(layers, backwardPass(layers, pass, [target]).layers, lr);
  }
  const pass = forwardPass(shown, x), back = backwardPass(shown, pass, [target]);
  const { graph, places } = asGraph(shown, x, [target]);
  const values = forward(graph);
  return {
    layers: shown, x, target, pass, back, loss: losses[rounds], next: updated(shown, back.layers, lr),
    places, taped: { values, gradients: backward(graph, values).gradients },
    losses, checks, best: checks.indexOf(Math.min(...checks)),
  };
}
