import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOf, symbol } from "../../utils/widgets/mlp_steps/rows.js";
import { compute } from "../../utils/widgets/mlp_steps/run.js";

/** @type {{layers: {weight: number[][], bias: number[]}[], train: [number[], number], validation: [number[], number]}} */
const options = {
  layers: [
    { weight: [[0.5, -1.2], [0.8, 0.3]], bias: [0, 0] },
    { weight: [[1.1, -0.4], [-0.7, 0.9]], bias: [0, 0] },
    { weight: [[0.6, 0.2], [-1.3, 0.5]], bias: [0, 0] },
    { weight: [[0.9, -0.8]], bias: [0] },
  ],
  train: [[1, -0.5], 0.9],
  validation: [[0.4, 0.6], 0.7],
};

test("every number of every step is the tape's, too", () => {
  for (const rounds of [0, 7]) {
    const state = { rounds, lr: 0.1 }, model = compute(options, state, 40);
    let compared = 0;
    for (let step = 1; step <= 10; step++) {
      for (const { name, value, auto } of rowsOf(model, step, state)) {
        if (auto === null || value === null) continue;
        assert.ok(Math.abs(value - auto) < 1e-12 * Math.max(1, Math.abs(value)), `${name}: ${value}, tape ${auto}`);
        compared += 1;
      }
    }
    // 7 z or ŷ, 6 h, the loss, 21 parameters, ∂L/∂ŷ, 6 of ∂L/∂z, 6 of ∂L/∂h.
    assert.equal(compared, 48);
  }
});

test("each parameter's gradient is on view in exactly one step", () => {
  const state = { rounds: 0, lr: 0.1 }, model = compute(options, state, 40);
  const names = [3, 4, 5, 6, 7, 8].flatMap((step) => rowsOf(model, step, state).map(({ name }) => name));
  const wanted = options.layers.flatMap(({ weight }, k) => weight.flatMap((row, i) => [...row.map((_, j) => `∂L/∂${symbol("W", k + 1, i, j)}`), `∂L/∂${symbol("b", k + 1, i)}`]));
  for (const name of wanted) assert.equal(names.filter((one) => one === name).length, 1, name);
});

test("the update of step 8 is the next round's net", () => {
  const now = compute(options, { rounds: 3, lr: 0.1 }, 40), later = compute(options, { rounds: 4, lr: 0.1 }, 40);
  assert.deepEqual(now.next, later.layers);
  assert.equal(later.loss, now.losses[4]);
});
