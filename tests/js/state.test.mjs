import assert from "node:assert/strict";
import { test } from "node:test";
import { checkState, coerceValue, merge, same } from "../../utils/widgets/kit/state.js";

/** @type {Record<string, import("../../utils/widgets/kit/state.js").FieldSpec>} */
const fields = {
  lr: { kind: "number", label: "", default: 0.1, low: 0.01, high: 2 },
  steps: { kind: "integer", label: "", default: 3, low: 0, high: 9 },
  kind: { kind: "choice", label: "", default: "a", options: ["a", "b"] },
  on: { kind: "boolean", label: "", default: false },
  bars: { kind: "numbers", label: "", default: [0, 1], low: -1, high: 1, fewest: 2, most: 2 },
  path: { kind: "points", label: "", default: [], x: [-1, 1], y: [0, 2], fewest: 0, most: 3 },
};
const start = checkState(fields, { version: 1 }, 1);

test("what is missing takes its default", () => {
  assert.deepEqual(start, { version: 1, lr: 0.1, steps: 3, kind: "a", on: false, bars: [0, 1], path: [] });
});

test("a hand is moved inside the limits", () => {
  const { state, changed } = merge(fields, start, { lr: 7, steps: 4.4, bars: [-3, 0.5], path: [[5, -5]] });
  assert.deepEqual(changed, ["lr", "steps", "bars", "path"]);
  assert.deepEqual([state.lr, state.steps, state.bars, state.path], [2, 4, [-1, 0.5], [[1, 0]]]);
  assert.deepEqual(start.bars, [0, 1], "the old state stays as it is");
});

test("what did not change is not reported", () => {
  assert.deepEqual(merge(fields, start, { lr: 0.1, bars: [0, 1] }).changed, []);
});

test("unknown keys, versions and wrong kinds are refused in words", () => {
  assert.throws(() => merge(fields, start, { learning: 1 }), /unknown learning/);
  assert.throws(() => checkState(fields, { version: 2 }, 1), /state version 1, got 2/);
  assert.throws(() => merge(fields, start, { lr: NaN }), /expected lr to be a number/);
  assert.throws(() => merge(fields, start, { kind: "c" }), /one of a, b/);
  assert.throws(() => coerceValue(fields.bars, "bars", [1]), /list of 2 to 2/);
});

test("equality looks into lists", () => {
  assert.ok(same([[1, 2]], [[1, 2]]) && same(0, -0));
  assert.ok(!same([1], [1, 2]) && !same([1], 1) && !same("1", 1));
});
