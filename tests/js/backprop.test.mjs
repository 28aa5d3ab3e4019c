import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAnswer, readNumber, rules, uses } from "../../utils/widgets/kit/math/hints.js";
import { backward, forward } from "../../utils/widgets/kit/math/tape.js";

/** L = (a·b)·(a + c). @type {import("../../utils/widgets/kit/math/tape.js").Spec[]} */
const graph = [
  { name: "a", op: "variable", inputs: [], value: 2 },
  { name: "b", op: "variable", inputs: [], value: 3 },
  { name: "c", op: "constant", inputs: [], value: -1.5 },
  { name: "p", op: "multiply", inputs: [0, 1] },
  { name: "s", op: "add", inputs: [0, 2] },
  { name: "L", op: "multiply", inputs: [3, 4] },
];
const values = forward(graph), pass = { graph, values, ...backward(graph, values) };

test("gradients along both paths add up, constants get none", () => {
  assert.deepEqual(pass.gradients, [7.5, 1, null, 0.5, 6, 1]);
});

test("one path forgotten is named", () => {
  for (const answer of [1.5, 6]) assert.equal(checkAnswer(pass, 0, answer).missed, "sum over uses");
});

test("the local slope alone, what arrives alone and the sign are named", () => {
  assert.equal(checkAnswer(pass, 1, 2).missed, "chain rule");
  assert.equal(checkAnswer(pass, 1, 0.5).missed, "product rule");
  assert.equal(checkAnswer(pass, 1, -1).missed, "sign");
});

test("a right answer may be rounded, a far one gets the rule", () => {
  assert.ok(checkAnswer(pass, 1, 1.004).correct);
  assert.match(checkAnswer(pass, 1, 44).message, /product rule: ∂\(a b\)\/∂a = b/);
});

test("uses and rules of a value that is used twice", () => {
  assert.deepEqual(uses(pass, 0).map(([step, i]) => [step.node, i]), [[4, 0], [3, 0]]);
  assert.equal(rules(pass, 0), "sum rule: ∂(a + b) = ∂a + ∂b; product rule: ∂(a b)/∂a = b, ∂(a b)/∂b = a");
});

test("what is not a number is not read as one", () => {
  assert.equal(readNumber("abc"), null);
  assert.equal(readNumber("−3·0.25"), -0.75);
});
