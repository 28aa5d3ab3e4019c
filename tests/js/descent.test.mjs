import assert from "node:assert/strict";
import { test } from "node:test";
import { LOST, basinColors, createBasins } from "../../utils/widgets/descent/basins.js";
import { heights } from "../../utils/widgets/descent/heights.js";
import { arrival, compute, reached, words } from "../../utils/widgets/descent/run.js";
import { optimizer, outside } from "../../utils/widgets/kit/math/optimizers.js";
import { SURFACES, curvature, polish, settle } from "../../utils/widgets/kit/math/surfaces.js";

const state = { surface: "ravine", start: [3.6, 0.6], lr: 0.05, momentum: 0, noise: 0, seed: 0, steps: 200, t: 200 };

test("tiny steps lead from every start to a minimum, on every landscape", () => {
  for (const [name, surface] of Object.entries(SURFACES)) {
    const rest = polish(surface, settle(surface, surface.start));
    assert.ok(Math.hypot(...surface.gradient(rest)) < 1e-6, name);
    assert.ok(curvature(surface, rest) > 0, name);
  }
});

test("settling goes down and not over a ridge", () => {
  const rest = settle(SURFACES["many minima"], [3.2, -2.7]);
  assert.ok(Math.hypot(rest[0] - 2.985, rest[1] + 2.985) < 0.01, String(rest));
});

test("a run below the limit arrives, one above it diverges, and both say so", () => {
  const good = compute(state);
  assert.ok(Math.abs(good.limit - 2 / 30) < 1e-8);
  assert.ok(arrival(good) > 0);
  assert.match(words(good, state), /At the minimum \(0, 0\) since step \d+/);
  const wild = { ...state, lr: 0.08 };
  const bad = compute(wild);
  assert.ok(bad.run.left > 0);
  assert.ok(bad.run.losses.every(Number.isFinite));
  assert.match(words(bad, wild), /Diverged: step \d+ .*0\.08 is above the limit 0\.0667/);
  assert.equal(arrival(bad), -1);
});

test("a start that is steeper than its minimum is named", () => {
  const steep = { ...state, surface: "rosenbrock", start: [-2, -2], lr: 0.0015, steps: 50, t: 50 };
  assert.match(words(compute(steep), steep), /the start is steeper/);
});

test("the goal counts the first step that is close enough", () => {
  const model = compute({ ...state, surface: "bowl", start: [2, 0], lr: 0.5 });
  // The loss falls to a quarter each step: 2, 0.5, 0.125, 0.031, 0.0078.
  assert.equal(reached(model, 0.01), 4);
});

test("no noise, no difference; the same seed, the same path", () => {
  const noisy = { ...state, noise: 0.5, seed: 3 };
  assert.deepEqual(compute(noisy).run.path, compute(noisy).run.path);
  assert.notDeepEqual(compute(noisy).run.path, compute({ ...noisy, seed: 4 }).run.path);
});

test("heights become parts between 0 and 1 in their own order", () => {
  for (const name of ["beale", "saddle", "ravine"]) {
    const { part, low, high, levels } = heights(SURFACES[name]);
    assert.ok(Math.abs(part(low)) < 1e-9 && Math.abs(part(high) - 1) < 1e-9);
    for (let k = 1; k < levels.length; k++) assert.ok(levels[k] > levels[k - 1]);
    assert.ok(levels[0] > low && levels[levels.length - 1] < high);
  }
});

/** @param {string} name @param {number} lr */
function basinsOf(name, lr) {
  const basins = createBasins(SURFACES[name], { lr, momentum: 0 });
  while (!basins.done) basins.work();
  return basins;
}

test("basins of a small rate: each start goes where its path goes", () => {
  const surface = SURFACES.himmelblau, basins = basinsOf("himmelblau", 0.01);
  assert.equal(basins.minima.length, 4);
  const half = basins.size / 2, cell = 10 / basins.size;
  for (const [i, j] of [[3, 3], [half + 9, half + 20], [5, 50], [60, 20]]) {
    let p = [-5 + cell * (i + 0.5), -5 + cell * (j + 0.5)];
    const step = optimizer("sgd", { lr: 0.01 });
    for (let k = 0; k < 3000 && !outside(surface, p); k++) p = step(p, surface.gradient(p));
    const here = basins.minima.findIndex((m) => Math.hypot(m[0] - p[0], m[1] - p[1]) < 0.01);
    assert.equal(basins.cells[j * basins.size + i], here, `${i} ${j}`);
  }
  const bytes = basinColors(surface, basins);
  assert.equal(bytes.length, 4 * basins.cells.length);
});

test("two valleys share the plane, and too large a rate loses starts", () => {
  const basins = basinsOf("saddle", 0.2);
  const { cells, size } = basins;
  for (let n = 0; n < cells.length; n++) assert.equal(cells[n], n < cells.length / 2 ? 1 : 0);
  assert.ok(basinsOf("saddle", 2.1).cells.includes(LOST));
  assert.equal(size * size, cells.length);
});
