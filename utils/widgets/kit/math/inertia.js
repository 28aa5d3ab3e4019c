/**
 * Momentum step by step, with all vectors: as PyTorch does it and as the slides write it.
 * @module
 */

/** @typedef {{lr: number, beta: number, nesterov: boolean, cut: number}} Inertia cut: before which step the rate falls to a tenth, or 0 */
/** @typedef {{path: number[][], kept: number[][], fresh: number[][], left: boolean}} Parts */

/** @param {number[]} a @param {number} k @param {number[]} b @returns {number[]} a + k·b */
function add(a, k, b) {
  return a.map((v, i) => v + k * b[i]);
}

/** @param {Inertia} o @param {number} step from 1 */
function rate({ lr, cut }, step) {
  return cut && step >= cut ? lr / 10 : lr;
}

/** @param {import("./surfaces.js").Surface} surface @param {number[]} p */
function lost(surface, p) {
  return !p.every((v) => Math.abs(v) <= 10 * surface.bounds[0][1]);
}

/**
 * Return a run of PyTorch's momentum, each step in two parts: what is kept of the velocity, and
 * what the new gradient adds. They begin at `path[t]`, and their sum ends at `path[t + 1]`.
 * @param {import("./surfaces.js").Surface} surface @param {number[]} start @param {number} steps
 * @param {Inertia} o
 * @returns {Parts}
 */
export function momentumRun(surface, start, steps, o) {
  let v = start.map(() => 0), p = start;
  /** @type {Parts} */
  const run = { path: [p], kept: [], fresh: [], left: false };
  for (let t = 1; t <= steps && !run.left; t++) {
    const g = surface.gradient(p), lr = rate(o, t);
    v = add(g, o.beta, v);
    // Nesterov's step g + βv holds the gradient 1 + β times.
    const moved = (o.nesterov ? add(g, o.beta, v) : v).map((one) => -lr * one);
    const fresh = g.map((one) => -lr * (o.nesterov ? 1 + o.beta : 1) * one);
    p = add(p, 1, moved);
    run.left = lost(surface, p);
    if (run.left) break;
    run.path.push(p);
    run.kept.push(add(moved, -1, fresh));
    run.fresh.push(fresh);
  }
  return run;
}

/**
 * Return the run as the slides write it: v = ρv − η∇L(y), x = x + v, with y = x + ρv ahead.
 * @param {import("./surfaces.js").Surface} surface @param {number[]} start @param {number} steps
 * @param {Inertia} o
 * @returns {{path: number[][], ahead: number[][]}} x, and where the gradients are taken
 */
export function slidesRun(surface, start, steps, o) {
  let v = start.map(() => 0), p = start;
  const reach = o.nesterov ? o.beta : 0;
  const run = { path: [p], ahead: [p] };
  for (let t = 1; t <= steps; t++) {
    const g = surface.gradient(run.ahead[t - 1]), lr = rate(o, t);
    v = v.map((one, i) => o.beta * one - lr * g[i]);
    p = add(p, 1, v);
    if (lost(surface, p)) break;
    run.path.push(p);
    run.ahead.push(add(p, reach, v));
  }
  return run;
}
