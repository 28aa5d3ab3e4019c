/**
 * The learning rate of every axis in AdaGrad, RMSProp and Adam.
 * @module
 */

/** @typedef {{path: number[][], signals: number[][], rates: number[][], left: boolean}} AxisRun */

/**
 * Return a run with what each step is the product of: minus a signal (the gradient, or Adam's
 * corrected average of it) times a rate, axis by axis.
 * @param {string} kind adagrad, rmsprop, adam, or gd
 * @param {{lr: number, memory: number}} options memory: α of RMSProp, β₂ of Adam
 * @param {import("./surfaces.js").Surface} surface @param {number[]} start @param {number} steps
 * @returns {AxisRun}
 */
export function axisRun(kind, { lr, memory }, surface, start, steps) {
  let h = start.map(() => 0), m = h, p = start;
  /** @type {AxisRun} */
  const run = { path: [p], signals: [], rates: [], left: false };
  for (let t = 1; t <= steps; t++) {
    const g = surface.gradient(p);
    const keep = kind === "adagrad" ? 1 : memory, take = kind === "adagrad" ? 1 : 1 - memory;
    h = h.map((v, i) => keep * v + take * g[i] * g[i]);
    m = m.map((v, i) => 0.9 * v + 0.1 * g[i]);
    const fix = kind === "adam" ? 1 - memory ** t : 1, eps = kind === "adagrad" ? 1e-10 : 1e-8;
    const signal = kind === "adam" ? m.map((v) => v / (1 - 0.9 ** t)) : g;
    const rates = h.map((v) => (kind === "gd" ? lr : lr / (Math.sqrt(v / fix) + eps)));
    p = p.map((v, i) => v - rates[i] * signal[i]);
    if (!p.every((v) => Math.abs(v) <= 10 * surface.bounds[0][1])) { run.left = true; break; }
    run.path.push(p);
    run.signals.push(signal);
    run.rates.push(rates);
  }
  return run;
}

/**
 * Return which share of the sum of sizes each axis has.
 * @param {number[]} vector
 */
export function shares(vector) {
  const sum = vector.reduce((total, v) => total + Math.abs(v), 0);
  return vector.map((v) => (sum ? Math.abs(v) / sum : 0));
}
