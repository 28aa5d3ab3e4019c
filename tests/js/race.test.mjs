import assert from "node:assert/strict";
import { test } from "node:test";
import { SURFACES } from "../../utils/widgets/kit/math/surfaces.js";
import { RUNNERS, createRuns, standings } from "../../utils/widgets/race/runners.js";

const rates = Object.fromEntries(RUNNERS.map(({ key }) => [`lr_${key}`, 0.05]));
const state = {
  ...rates, start: [3, 0.5], noise: 0, seed: 0, gd: true, momentum: false, nesterov: false,
  adagrad: false, rmsprop: false, adam: true, adamw: false, beta_momentum: 0.9,
  beta_nesterov: 0.9, alpha_rmsprop: 0.99, beta2_adam: 0.999, decay_adamw: 0.01,
};

test("only those who take part run, each as long as the race", () => {
  const runs = createRuns(30)(SURFACES.ravine, state);
  assert.deepEqual(runs.map(({ key }) => key), ["gd", "adam"]);
  for (const { run } of runs) assert.equal(run.path.length, 31);
});

test("a run is computed again only when what it depends on changes", () => {
  const runsOf = createRuns(20);
  const before = runsOf(SURFACES.ravine, state);
  const after = runsOf(SURFACES.ravine, { ...state, lr_adam: 0.2 });
  assert.equal(after[0].run, before[0].run);
  assert.notEqual(after[1].run, before[1].run);
  const moved = runsOf(SURFACES.ravine, { ...state, lr_adam: 0.2, start: [1, 1] });
  assert.notEqual(moved[0].run, after[0].run);
});

test("the lowest loss leads; who diverged is last, but not before it happened", () => {
  const runs = createRuns(40)(SURFACES.ravine, { ...state, lr_gd: 0.2 });
  const last = standings(runs, 40);
  assert.deepEqual(last.map(({ key, lost }) => [key, lost]), [["adam", false], ["gd", true]]);
  assert.ok(standings(runs, 1).every(({ lost }) => !lost));
});
